import { randomBytes } from 'node:crypto';
import { readArchive } from '@cnap/helm';
import { expect, test } from 'vitest';
import { packed, type BundleFile } from './packed.ts';

async function bytesOf(files: BundleFile[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of packed(each(files))) chunks.push(chunk);
  return Buffer.concat(chunks);
}
async function* each(files: BundleFile[]): AsyncGenerator<BundleFile> {
  yield* files;
}

test('what is packed can be read again', async () => {
  const files = [
    { path: 'about.json', text: '{}\n' },
    { path: 'empty.log', text: '' },
    { path: `logs/${'long-'.repeat(40)}name.log`, text: 'ä line\n'.repeat(10_000) },
  ];
  const read = readArchive(await bytesOf(files));
  expect([...read].map(([path, bytes]) => ({ path, text: Buffer.from(bytes).toString() }))).toEqual(files);
});

test('no more is made than is read, and what is left is not made at all', async () => {
  let made = 0;
  let ended = false;
  async function* endless(): AsyncGenerator<BundleFile> {
    try {
      for (;;) {
        made += 1;
        yield { path: `${made}`, text: randomBytes(500_000).toString('latin1') };
      }
    } finally {
      ended = true;
    }
  }
  for await (const chunk of packed(endless())) {
    expect(chunk.byteLength).toBeLessThanOrEqual(64 * 1024);
    break;
  }
  expect(made).toBeLessThan(5);
  expect(ended).toBe(true);
});

test('a failure ends it', async () => {
  async function* failing(): AsyncGenerator<BundleFile> {
    yield { path: 'a', text: 'a' };
    throw new Error('no more');
  }
  await expect(async () => {
    for await (const chunk of packed(failing())) expect(chunk).toBeDefined();
  }).rejects.toThrow('no more');
});
