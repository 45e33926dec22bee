import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { packChart, readChart } from '@cnap/helm';
import { stringify } from 'yaml';

const folder = new URL('../charts/', import.meta.url).pathname;

/** The sample charts as a Helm repository on loopback; port 0 takes a free one. */
export async function startChartRepository(port: number): Promise<AsyncDisposable & { url: string }> {
  const files = new Map<string, Uint8Array>();
  const entries: Record<string, unknown[]> = {};
  for (const name of await readdir(folder)) {
    const tgz = packChart({ files: await readFolder(join(folder, name)) });
    const chart = readChart(tgz);
    const file = `${chart.name}-${chart.version}.tgz`;
    files.set(`/${file}`, tgz);
    entries[chart.name] = [
      {
        ...chart.metadata,
        urls: [file],
        digest: createHash('sha256').update(tgz).digest('hex'),
        created: '2026-11-20T00:00:00Z',
      },
    ];
  }
  files.set(
    '/index.yaml',
    Buffer.from(stringify({ apiVersion: 'v1', generated: '2026-11-20T00:00:00Z', entries })),
  );
  const server = createServer((request, response) => {
    const body = files.get(new URL(request.url ?? '/', 'http://charts').pathname);
    if (!body) return response.writeHead(404).end('not found\n');
    return response.writeHead(200, { 'content-length': body.byteLength }).end(body);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, '127.0.0.1', resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function readFolder(path: string): Promise<Map<string, Uint8Array>> {
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      files.toSorted().map(async (file) => [relative(path, file), await readFile(file)] as const),
    ),
  );
}
