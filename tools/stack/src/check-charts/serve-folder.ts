import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';

/** The files of one folder over HTTP on loopback: a Helm repository, when there is an index.yaml among them. */
export async function serveFolder(folder: string): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url ?? '/', 'http://folder').pathname);
    readFile(join(folder, name)).then(
      (body) => response.writeHead(200, { 'content-length': body.byteLength }).end(body),
      () => response.writeHead(404).end('not found\n'),
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
