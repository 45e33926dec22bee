// Calls as anybody can make them, with nothing but HTTP, and what comes back.
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import type { DescMethod } from '@bufbuild/protobuf';

/** What a caller of the public port sees. */
export type Answer = { status: number; code: string; reason: string; text: string };

const deadlineMs = 60_000;

type ErrorBody = {
  code?: string;
  details?: { type: string; debug?: { reason?: string } }[] | { reason?: string };
  error?: ErrorBody;
};

/** Calls an RPC by Connect in JSON; of a stream, everything up to its first message or its error. */
export async function callRpc(
  baseUrl: string,
  method: DescMethod,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<Answer> {
  const streams = method.methodKind !== 'unary';
  if (method.methodKind === 'bidi_streaming') return callBidi(baseUrl, method, body, headers);
  const response = await fetch(`${baseUrl}/${method.parent.typeName}/${method.name}`, {
    method: 'POST',
    headers: { 'content-type': `application/${streams ? 'connect+json' : 'json'}`, ...headers },
    body: streams && typeof body === 'string' ? enveloped(Buffer.from(body)) : body,
    signal: AbortSignal.timeout(deadlineMs),
  });
  const isStream = response.headers.get('content-type')?.startsWith('application/connect+') === true;
  const text = isStream ? await firstOf(response) : await response.text();
  return { status: response.status, text, ...errorIn(text) };
}

/** Both directions at once need HTTP/2, which fetch does not speak. */
async function callBidi(
  baseUrl: string,
  method: DescMethod,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<Answer> {
  const session = connect(baseUrl);
  // What goes wrong with it, its stream tells.
  session.on('error', () => undefined);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/${method.parent.typeName}/${method.name}`,
      'content-type': 'application/connect+json',
      ...headers,
    });
    stream.setTimeout(deadlineMs, () => stream.destroy(new Error('no answer came')));
    stream.end(typeof body === 'string' ? enveloped(Buffer.from(body)) : body);
    const [head] = (await once(stream, 'response')) as [IncomingHttpStatusHeader & IncomingHttpHeaders];
    const isStream = head['content-type']?.startsWith('application/connect+') === true;
    const bytes = await bytesOf(stream, isStream);
    const text = (isStream ? bytes.subarray(5) : bytes).toString();
    return { status: head[':status'] ?? 0, text, ...errorIn(text) };
  } finally {
    session.destroy();
  }
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>, oneEnvelope: boolean): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of chunks) {
    bytes = Buffer.concat([bytes, chunk]);
    if (oneEnvelope && bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) break;
  }
  return bytes;
}

/** Calls a path of the REST API; of a stream of events, the first. */
export async function callRest(
  url: string,
  init: { method: string; body?: string | Uint8Array<ArrayBuffer>; headers: Record<string, string> },
): Promise<Answer> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(deadlineMs), redirect: 'manual' });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = isStream ? await someOf(response) : await response.text();
  return { status: response.status, text, ...errorIn(text) };
}

/** A message as streams of Connect and gRPC carry it. */
export function enveloped(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(5 + message.length);
  new DataView(framed.buffer).setUint32(1, message.length);
  framed.set(message, 5);
  return framed;
}

/** The payload of the first envelope, read no further. */
const firstOf = async (response: Response): Promise<string> =>
  (await bytesOf(response.body ?? emptyBody(), true)).subarray(5).toString();

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

async function someOf(response: Response): Promise<string> {
  for await (const chunk of response.body ?? []) return Buffer.from(chunk).toString();
  return '';
}

function errorIn(text: string): { code: string; reason: string } {
  let body: ErrorBody = {};
  try {
    body = (JSON.parse(text) ?? {}) as ErrorBody;
  } catch {
    return { code: '', reason: '' };
  }
  const { code = '', details } = body.error ?? body;
  if (Array.isArray(details)) {
    const info = details.find(({ type }) => type === 'google.rpc.ErrorInfo');
    return { code: String(code), reason: info?.debug?.reason ?? '' };
  }
  return { code: String(code), reason: details?.reason ?? '' };
}
