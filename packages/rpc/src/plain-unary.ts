import { Code, ConnectError } from '@connectrpc/connect';
import { compressions } from './compression.ts';
import { askedDeadline, deadlineOf } from './deadline.ts';
import { unreadable } from './failure.ts';
import type { HttpRequest, HttpResponse } from './port.ts';

/** What a plain unary call speaks. */
export type PlainUnary = {
  protocol: 'connect' | 'grpc' | 'grpc-web';
  isJson: boolean;
  /** The media type of its answer. */
  type: string;
};

const connect = { protocol: 'connect', isJson: false, type: 'application/proto' } as const;
const grpc = { protocol: 'grpc', isJson: false, type: 'application/grpc+proto' } as const;
const grpcWeb = { protocol: 'grpc-web', isJson: false, type: 'application/grpc-web+proto' } as const;

const plainTypes = new Map<string | undefined, PlainUnary>([
  ['application/proto', connect],
  ['application/json', { ...connect, isJson: true, type: 'application/json' }],
  ['application/grpc', grpc],
  ['application/grpc+proto', grpc],
  ['application/grpc-web', grpcWeb],
  ['application/grpc-web+proto', grpcWeb],
]);

const worthCompressingBytes = 1_024;
const prefixBytes = 5;
const compressedFlag = 1;
const trailerFlag = 0x80;

/** What a request speaks that is as nearly all are: a POST, not compressed; undefined for any other. */
export function plainUnary(request: HttpRequest): PlainUnary | undefined {
  const { method, headers } = request;
  if (method !== 'POST' || headers['content-encoding'] !== undefined) return undefined;
  const plain = plainTypes.get(headers['content-type']);
  if (plain === undefined || (plain.protocol === 'grpc' && !('stream' in request))) return undefined;
  if (plain.protocol !== 'connect' && (headers['grpc-encoding'] ?? 'identity') !== 'identity')
    return undefined;
  return askedDeadline(headers) === 'malformed' ? undefined : plain;
}

/** The deadline of a plain unary call, in milliseconds. */
export function plainDeadline({ headers }: HttpRequest, defaultMs: number, maxMs: number): number {
  const asked = askedDeadline(headers);
  return deadlineOf(asked === 'malformed' ? undefined : asked, defaultMs, maxMs);
}

/** How many bytes the body of a call may have whose message has at most so many. */
export const bodyBytes = ({ protocol }: PlainUnary, messageBytes: number): number =>
  protocol === 'connect' ? messageBytes : messageBytes + prefixBytes;

/**
 * The one message in a body.
 * @throws ConnectError when it is not one
 */
export function messageIn({ protocol }: PlainUnary, body: Uint8Array): Uint8Array {
  if (protocol === 'connect') return body;
  if (body.byteLength === 0) throw notOne('missing input message');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const end = body.byteLength < prefixBytes ? Infinity : prefixBytes + view.getUint32(1);
  if (end > body.byteLength)
    throw new ConnectError('protocol error: incomplete envelope', Code.InvalidArgument);
  if (view.getUint8(0) !== 0) throw unreadable('it cannot be parsed or decompressed');
  if (end < body.byteLength) throw notOne('received extra input message');
  return body.subarray(prefixBytes);
}

const notOne = (what: string): ConnectError =>
  new ConnectError(`protocol error: ${what} for unary method`, Code.Unimplemented);

/** Sends the answer of a call that went well, compressed where the client takes that and it is worth it. */
export async function sendPlain(
  request: HttpRequest,
  response: HttpResponse,
  plain: PlainUnary,
  message: Uint8Array,
  set: { headers: Iterable<[string, string]>; trailers: Iterable<[string, string]> },
): Promise<void> {
  const headers: Record<string, string | number> = { 'content-type': plain.type };
  for (const [name, value] of set.headers) headers[name] = value;
  const compression = acceptedBy(request, plain);
  const isCompressed = compression !== undefined && message.byteLength >= worthCompressingBytes;
  const packed = isCompressed ? await compression.compress(message as Uint8Array<ArrayBuffer>) : message;
  if (response.destroyed) return;
  if (plain.protocol === 'connect') {
    for (const [name, value] of set.trailers) headers[`trailer-${name}`] = value;
    if (isCompressed) headers['content-encoding'] = compression.name;
    headers['content-length'] = packed.byteLength;
    return respond(response, headers, [packed]);
  }
  // Names what messages are compressed with, also where this one is not.
  if (compression !== undefined) headers['grpc-encoding'] = compression.name;
  const first = envelope(isCompressed ? compressedFlag : 0, packed);
  const trailers = { 'grpc-status': '0', ...Object.fromEntries(set.trailers) };
  if (plain.protocol === 'grpc') return respond(response, headers, first, trailers);
  const lines = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`);
  respond(response, headers, [...first, ...envelope(trailerFlag, Buffer.from(lines.join('')))]);
}

function envelope(flags: number, content: Uint8Array): Uint8Array[] {
  const prefix = Buffer.allocUnsafe(prefixBytes);
  prefix.writeUInt8(flags, 0);
  prefix.writeUInt32BE(content.byteLength, 1);
  return [prefix, content];
}

function respond(
  response: HttpResponse,
  headers: Record<string, string | number>,
  parts: Uint8Array[],
  trailers?: Record<string, string>,
): void {
  const [only] = parts;
  const body = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  if (!('stream' in response)) {
    response.writeHead(200, headers);
    response.end(body);
    return;
  }
  const { stream } = response;
  if (stream.destroyed) return;
  if (trailers !== undefined) response.addTrailers(trailers);
  stream.respond(
    { ':status': 200, ...response.getHeaders(), ...headers },
    { waitForTrailers: trailers !== undefined },
  );
  stream.end(body);
}

/** The first that the client names, as the protocol layer chooses. */
function acceptedBy({ headers }: HttpRequest, { protocol }: PlainUnary) {
  const accepted = headers[protocol === 'connect' ? 'accept-encoding' : 'grpc-accept-encoding'];
  if (accepted === undefined) return undefined;
  for (const name of String(accepted).split(',')) {
    const found = compressions.find((one) => one.name === name.trim());
    if (found !== undefined) return found;
  }
  return undefined;
}
