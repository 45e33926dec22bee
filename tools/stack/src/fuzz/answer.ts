// Calls as anybody can make them, with nothing but HTTP, and what comes back.
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
async function firstOf(response: Response): Promise<string> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of response.body ?? []) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) break;
  }
  return bytes.subarray(5).toString();
}

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
