import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A file's content, or a function that answers the request itself: an error, HTML, nothing at all. */
export type ServedFile = string | Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void);

export interface FileServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  /** `GET /index.yaml`, in the order they came. */
  readonly requests: string[];
  /** By path (`/index.yaml`), before the folder's; may be changed while it runs. */
  readonly files: Map<string, ServedFile>;
}

/** A web server on 127.0.0.1 for static files, as Helm repositories are. */
export async function serveFiles(
  options: { folder?: string; files?: Record<string, ServedFile> } = {},
): Promise<FileServer> {
  const files = new Map(Object.entries(options.files ?? {}));
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    requests.push(`${request.method} ${path}`);
    const file = files.get(path);
    if (typeof file === 'function') return file(request, response);
    if (file !== undefined) return response.end(file);
    if (options.folder === undefined) return response.writeHead(404).end('not found\n');
    return void sendFile(join(options.folder, normalize(path)), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    files,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return void response.writeHead(404).end('not found\n');
  response.writeHead(200, { 'content-length': found.size });
  await pipeline(createReadStream(path), response).catch(() => response.destroy()); // the reader went away
}
