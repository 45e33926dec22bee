import {
  constants,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { errorFromJsonBytes } from '@connectrpc/connect/protocol-connect';
import { DomainError } from '@cnap/errors';
import type { RestOperation } from '@cnap/rest';
import { toConnectError, type Backends, type HttpResponse } from '@cnap/rpc';

/** What a service is told beside the message: the caller token, the trace, the id of the request. */
export type ServiceHeaders = Record<string, string | undefined>;

/** A unary call for a caller. */
export type ServiceCall = {
  headers: ServiceHeaders;
  message: Uint8Array;
  /** When it closes the call is cut: nobody waits for it any more. */
  caller: HttpResponse;
  deadlineMs: number;
};

/** Whole answers are held in memory. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** Opens a stream to the service of an operation, as the Connect protocol has it. */
export function openCall(
  backends: Backends,
  { rpc, service, stream }: Pick<RestOperation, 'rpc' | 'service' | 'stream'>,
  headers: ServiceHeaders,
  deadlineMs: number | undefined,
): ClientHttp2Stream {
  const all: OutgoingHttpHeaders = {
    ':method': 'POST',
    ':path': `/${rpc.parent.typeName}/${rpc.name}`,
    'content-type': stream === undefined ? 'application/proto' : 'application/connect+proto',
    'connect-protocol-version': '1',
  };
  if (deadlineMs !== undefined) all['connect-timeout-ms'] = String(deadlineMs);
  for (const name in headers) if (headers[name] !== undefined) all[name] = headers[name];
  return backends.request(service, all, false);
}

/**
 * Makes a unary call.
 * @throws ConnectError what the service answered, UNAVAILABLE when it cannot be reached, DEADLINE_EXCEEDED
 */
export async function callService(
  backends: Backends,
  operation: RestOperation,
  { message, headers, caller, deadlineMs }: ServiceCall,
): Promise<Buffer> {
  let stream: ClientHttp2Stream;
  try {
    stream = openCall(backends, operation, headers, deadlineMs);
  } catch (cause) {
    throw unreachable(operation.service, cause);
  }
  const cut = (): void => stream.close(constants.NGHTTP2_CANCEL);
  if (caller.destroyed) cut();
  caller.once('close', cut);
  // The service keeps the deadline; this is for one that no longer does anything.
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    cut();
  }, deadlineMs + graceMs);
  try {
    const { status, body } = await answerOf(stream, message);
    if (status === 200) return body;
    throw errorIn(body, status);
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    if (isLate) throw late();
    throw unreachable(operation.service, error);
  } finally {
    clearTimeout(timer);
    caller.off('close', cut);
  }
}

const graceMs = 2_000;

function answerOf(stream: ClientHttp2Stream, message: Uint8Array): Promise<{ status: number; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>();
  const chunks: Buffer[] = [];
  let length = 0;
  let status = 0;
  stream.once('response', (headers: IncomingHttpHeaders & IncomingHttpStatusHeader) => {
    status = headers[':status'] ?? 0;
  });
  stream.on('data', (chunk: Buffer) => {
    length += chunk.byteLength;
    if (length > maxAnswerBytes) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else chunks.push(chunk);
  });
  stream.once('end', () => {
    // A stream that is reset, or whose connection goes, ends likewise.
    const broken = stream.aborted || stream.destroyed || (stream.rstCode ?? 0) !== 0;
    if (status !== 0 && !broken)
      resolve({ status, body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) });
  });
  stream.on('error', reject);
  // After its end this settles nothing any more.
  stream.once('close', () => reject(new Error(`the call ended with ${stream.rstCode}`)));
  stream.end(message);
  return promise;
}

/** The error in the body of a unary answer, or in the end of a stream. */
export const errorIn = (json: Uint8Array, status: number): ConnectError =>
  errorFromJsonBytes(
    json,
    undefined,
    new ConnectError(
      `the service answered with ${status}`,
      status === 503 ? Code.Unavailable : Code.Internal,
    ),
  );

/** What is said when no answer comes. */
export const unreachable = (service: string, cause: unknown): ConnectError =>
  toConnectError(
    new DomainError('unavailable', 'SERVICE_UNAVAILABLE', `The ${service} service cannot be reached now.`, {
      metadata: { service },
      suggestion: 'Call again in a moment.',
      cause,
    }),
    'gateway',
  );

const late = (): ConnectError =>
  toConnectError(
    new DomainError('deadline-exceeded', 'DEADLINE_EXCEEDED', 'The call took longer than its deadline.'),
    'gateway',
  );
