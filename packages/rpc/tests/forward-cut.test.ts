// Requests whose client goes away in the middle of them.
import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { expect, test } from 'vitest';
import { forwardRpc, openBackends, openPort, routeTable } from '../src/index.ts';

const path = '/cnap.identity.v1.WorkspaceService/GetWorkspace';

/** A gateway before a service that does with a stream what the test says. */
async function startBoth(serve: (stream: ServerHttp2Stream) => void) {
  await using parts = new AsyncDisposableStack();
  const service = createServer();
  service.on('stream', (stream) => {
    stream.on('error', () => undefined);
    serve(stream);
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  parts.defer(() => void service.close());
  const backends = openBackends({ test: `http://127.0.0.1:${(service.address() as AddressInfo).port}` });
  parts.use(backends);
  const route = routeTable({ test: [WorkspaceService] }).get(path);
  if (!route) throw new Error('no route');
  const port = await openPort({
    port: 0,
    handler: (request, response) => void forwardRpc(request, response, { route, backends, headers: {} }),
  });
  parts.defer(() => port.destroy());
  const running = parts.move();
  return { url: port.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Sends some of a request, which is not all of it. */
function begin(url: string) {
  const session = connect(url);
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' });
  stream.on('error', () => undefined);
  stream.resume();
  stream.write('{"id":"ws_');
  return { session, stream };
}

// Ended well, it made Node write empty frames and nothing else, for ever: this process does not come back from that.
test('a request that was answered early and is then cut off is over at its service, too', async () => {
  const closed = Promise.withResolvers<boolean>();
  await using both = await startBoth((stream) => {
    stream.once('data', () => {
      stream.pause();
      stream.respond({ ':status': 415 });
      stream.end();
    });
    stream.once('close', () => closed.resolve(stream.closed));
  });
  const { session, stream } = begin(both.url);
  await once(stream, 'end');
  session.destroy();
  expect(await closed.promise).toBe(true);
});
