import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { codeToString } from '@connectrpc/connect/protocol-connect';
import type { DescMethod } from '@bufbuild/protobuf';
import { callRest, callRpc, type Answer } from './answer.ts';
import type { RestCase } from './rest-cases.ts';
import type { RpcCase } from './rpc-cases.ts';

/** Sends bad requests, over HTTP/1.1 and for gRPC over one HTTP/2 connection. */
export type Sender = Disposable & {
  rpc(method: DescMethod, request: RpcCase): Promise<Answer>;
  rest(request: RestCase): Promise<Answer>;
};

const deadlineMs = 30_000;

export function createSender(baseUrl: string, credentials: Record<string, string>): Sender {
  let session: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    if (session && !session.closed && !session.destroyed) return session;
    session = connect(baseUrl);
    session.on('error', () => undefined); // each request says so itself
    return session;
  };
  return {
    rpc(method, { protocol, contentType, headers, body }) {
      const all = { ...credentials, ...headers, 'content-type': contentType };
      if (protocol !== 'gRPC') return callRpc(baseUrl, method, body, all);
      return overHttp2(open(), `/${method.parent.typeName}/${method.name}`, all, body);
    },
    rest({ method, path, headers, body }) {
      return callRest(baseUrl + path, {
        method,
        headers: { ...credentials, ...headers },
        ...(body === undefined ? {} : { body }),
      });
    },
    [Symbol.dispose]: () => session?.destroy(),
  };
}

/** A gRPC call, with its status wherever the server puts it. */
function overHttp2(
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string>,
  body: Uint8Array,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const stream = session.request({ ':method': 'POST', ':path': path, te: 'trailers', ...headers });
  let answered: IncomingHttpHeaders & { ':status'?: number | undefined } = {};
  let trailers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  const timer = setTimeout(() => {
    stream.close();
    reject(new DOMException(`no end within ${deadlineMs / 1_000} s`, 'TimeoutError'));
  }, deadlineMs);
  stream.on('response', (received) => (answered = received));
  stream.on('trailers', (received) => (trailers = received));
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    // A stream that goes on was accepted; its first message is enough.
    if (chunks.length === 1 && chunk.length > 5) stream.close();
  });
  stream.on('error', reject);
  stream.on('close', () => {
    clearTimeout(timer);
    const said = trailers['grpc-status'] ?? answered['grpc-status'];
    const number = Number(said ?? 0);
    const message = decodeURIComponent(String(trailers['grpc-message'] ?? answered['grpc-message'] ?? ''));
    resolve({
      status: answered[':status'] ?? 0,
      code: number === 0 ? '' : codeToString(number),
      reason: '',
      text: `${message}${Buffer.concat(chunks).toString()}`,
    });
  });
  stream.end(body);
  return promise;
}
