import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serveFiles } from '../src/serve-files.ts';

test('files of a folder and files in memory are served, everything else is 404, and requests are recorded', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'cnap-files-'));
  stack.defer(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'app-1.0.0.tgz'), 'archive');
  const server = stack.use(await serveFiles({ folder, files: { '/index.yaml': 'entries: {}' } }));

  expect(await text(`${server.url}/index.yaml`)).toBe('200 entries: {}');
  expect(await text(`${server.url}/app-1.0.0.tgz`)).toBe('200 archive');
  expect(await text(`${server.url}/../../etc/passwd`)).toBe('404 not found\n');
  server.files.set('/index.yaml', (_request, response) => response.writeHead(500).end('<html>'));
  expect(await text(`${server.url}/index.yaml`)).toBe('500 <html>');
  expect(server.requests).toEqual([
    'GET /index.yaml',
    'GET /app-1.0.0.tgz',
    'GET /etc/passwd',
    'GET /index.yaml',
  ]);
});

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  return `${response.status} ${await response.text()}`;
}
