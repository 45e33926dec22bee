import { constants, gunzipSync, gzipSync } from 'node:zlib';

import { DomainError, messageOf } from '@cnap/errors';
import { Header, Parser, Pax, type ReadEntry } from 'tar';

/** Paths with `/`, relative, without `.` and `..`; insertion order is the archive's. */
export type Files = Map<string, Uint8Array>;

export type ArchiveLimits = {
  /** Of the archive as it is. */
  maxBytes: number;
  /** Of everything in it together. */
  maxUnpackedBytes: number;
  maxEntries: number;
};

/** The limits of a source; a package's are smaller in size. */
export const sourceLimits: ArchiveLimits = {
  maxBytes: 50 * 1024 * 1024,
  maxUnpackedBytes: 100 * 1024 * 1024,
  maxEntries: 10_000,
};

/** The limits of a package. */
export const packageLimits: ArchiveLimits = { ...sourceLimits, maxBytes: 20 * 1024 * 1024 };

const longestPath = 512;

/**
 * The regular files of a .tar.gz from a stranger. Nothing is written to disk.
 * @throws DomainError `ARCHIVE_INVALID` for paths that leave the archive, links, devices, duplicates and damage,
 *   `ARCHIVE_TOO_LARGE` for what is over a limit, packed or unpacked
 */
export function readArchive(archive: Uint8Array, limits: ArchiveLimits = sourceLimits): Files {
  if (archive.byteLength > limits.maxBytes) throw tooLarge(`is larger than ${mebibytes(limits.maxBytes)}`);
  const bytes = decompress(archive, limits);
  const files: Files = new Map();
  const problems: DomainError[] = [];
  let entries = 0;
  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      entries += 1;
      const problem =
        entries > limits.maxEntries
          ? tooLarge(`has more than ${limits.maxEntries} entries`)
          : problemOf(entry, files);
      if (problem) problems.push(problem);
      if (problem || entry.type === 'Directory') return entry.resume();
      const chunks: Uint8Array[] = [];
      const path = cleanPath(entry.path);
      files.set(path, new Uint8Array());
      entry.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      entry.on('end', () => files.set(path, Buffer.concat(chunks)));
    },
  });
  parser.on('error', (error: unknown) => problems.push(invalid(`is damaged: ${messageOf(error)}`)));
  parser.end(bytes); // in memory the parser is done when this returns
  if (problems[0]) throw problems[0];
  if (files.size === 0) throw invalid('holds no files');
  return files;
}

/**
 * A .tar.gz that is the same, byte for byte, for the same files: entries sorted, no times, owners or modes of
 * whoever made it. (The deflate stream is that of this Node version's zlib.)
 */
export function writeArchive(files: Iterable<[string, Uint8Array | string]>): Uint8Array {
  const sorted = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const blocks: Uint8Array[] = [];
  for (const [path, content] of sorted) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    blocks.push(...tarHeader(path, bytes.byteLength), bytes, new Uint8Array(-bytes.byteLength & 511));
  }
  blocks.push(new Uint8Array(1024));
  const packed: Uint8Array = gzipSync(Buffer.concat(blocks), { level: 9 });
  packed[9] = 255; // the header's operating system: unknown, whatever this machine is
  return packed;
}

/** The blocks before a file's content in a .tar; without times, owners or modes of whoever made it. */
export function tarHeader(path: string, size: number): Uint8Array[] {
  const fields = { path, size, mode: 0o644, uid: 0, gid: 0, uname: '', gname: '', type: 'File' as const };
  const block = Buffer.alloc(512);
  const needsPax = new Header({ ...fields, mtime: new Date(0) }).encode(block, 0);
  return needsPax ? [new Pax({ path }).encode(), block] : [block];
}

function decompress(archive: Uint8Array, limits: ArchiveLimits): Buffer {
  if (archive[0] !== 0x1f || archive[1] !== 0x8b) throw invalid('is not a .tar.gz file');
  try {
    // The tar's own headers and padding are at most two blocks of 512 bytes a file.
    const maxOutputLength = limits.maxUnpackedBytes + limits.maxEntries * 1024;
    return gunzipSync(archive, { maxOutputLength, finishFlush: constants.Z_FINISH });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(`unpacks to more than ${mebibytes(limits.maxUnpackedBytes)}`);
    }
    throw invalid(`is damaged: ${messageOf(error)}`);
  }
}

function problemOf(entry: ReadEntry, files: Files): DomainError | undefined {
  const shown = JSON.stringify(entry.path.slice(0, 200));
  if (!['File', 'OldFile', 'Directory'].includes(entry.type)) {
    return invalid(`holds ${shown}, which is not a regular file (${entry.type})`);
  }
  const path = cleanPath(entry.path);
  const parts = path.split('/');
  const leaves = path.startsWith('/') || parts.includes('..') || /[\\\0]|^[A-Za-z]:/.test(path);
  if (leaves) return invalid(`holds ${shown}, which leads outside of it`);
  if (entry.type === 'Directory') return undefined;
  if (path === '' || parts.includes('')) return invalid(`holds ${shown}, which is not a path`);
  if (path.length > longestPath) return invalid(`holds a path of more than ${longestPath} characters`);
  return files.has(path) ? invalid(`holds ${shown} twice`) : undefined;
}

function cleanPath(path: string): string {
  return path.replace(/^(\.\/)+/, '').replaceAll('/./', '/');
}

function invalid(problem: string): DomainError {
  return new DomainError('invalid-argument', 'ARCHIVE_INVALID', `The archive ${problem}.`);
}

function tooLarge(problem: string): DomainError {
  return new DomainError('resource-exhausted', 'ARCHIVE_TOO_LARGE', `The archive ${problem}.`);
}

function mebibytes(bytes: number): string {
  return `${bytes / 1024 / 1024} MiB`;
}
