import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { c } from 'tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { officialDownload, type PinnedFile } from '../src/sources/download.ts';

let folder: string;
let url: string;
const requests: string[] = [];
const server = createServer((request, response) => {
  requests.push(request.url ?? '');
  readFile(join(folder, 'site', request.url ?? '')).then(
    (content) => response.end(content),
    () => response.writeHead(404).end(),
  );
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnap-download-'));
  await mkdir(join(folder, 'site', 'app-1.0'), { recursive: true });
  await writeFile(join(folder, 'site', 'app-1.0', 'app'), '#!/bin/sh\necho app 1.0\n');
  await writeFile(join(folder, 'site', 'bare'), '#!/bin/sh\necho bare 1.0\n');
  await c({ gzip: true, cwd: join(folder, 'site'), file: join(folder, 'site', 'app.tar.gz') }, ['app-1.0']);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

test('a program in an archive is unpacked, executable, and downloaded once', async () => {
  const sha256 = await checksum('app.tar.gz');
  const source = pinned('app', { url: `${url}/app.tar.gz`, sha256, member: 'app-1.0/app' });
  const steps: string[] = [];
  const context = {
    env: {},
    cache: join(folder, 'cache-1'),
    onStep: (step: string) => void steps.push(step),
  };
  const path = await source.find(context);
  expect(path).toBe(join(folder, 'cache-1', 'app-1.0', 'app'));
  expect(execFileSync(String(path), { encoding: 'utf8' })).toBe('app 1.0\n');
  await source.find(context);
  expect(requests.filter((each) => each === '/app.tar.gz')).toHaveLength(1);
  expect(steps).toEqual([`downloading app 1.0 from ${new URL(url).host}`]);
});

test('a file that is the program itself is taken as it is', async () => {
  const source = pinned('bare', { url: `${url}/bare`, sha256: await checksum('bare') });
  const path = await source.find({ env: {}, cache: join(folder, 'cache-2'), onStep: () => undefined });
  expect((await stat(String(path))).mode & 0o777).toBe(0o755);
});

test('another checksum is refused and nothing of it stays', async () => {
  const cache = join(folder, 'cache-3');
  const source = pinned('bare', { url: `${url}/bare`, sha256: '0'.repeat(64) });
  const search = source.find({ env: {}, cache, onStep: () => undefined });
  await expect(search).rejects.toThrow(/has checksum [0-9a-f]{64}, expected 0{64}/);
  expect(await readdir(cache)).toEqual([]);
});

test('a server that has not got it, or does not exist, is named', async () => {
  const context = { env: {}, cache: join(folder, 'cache-4'), onStep: () => undefined };
  const gone = pinned('x', { url: `${url}/gone`, sha256: '' });
  await expect(gone.find(context)).rejects.toThrow(`${url}/gone: answered 404`);
  const nobody = pinned('x', { url: 'http://127.0.0.1:9/x', sha256: '' });
  await expect(nobody.find(context)).rejects.toThrow('http://127.0.0.1:9/x: ');
});

function pinned(name: string, file: PinnedFile) {
  return officialDownload({
    name,
    version: '1.0',
    platforms: { [`${process.platform}-${process.arch}`]: file },
  });
}

async function checksum(name: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(folder, 'site', name)))
    .digest('hex');
}
