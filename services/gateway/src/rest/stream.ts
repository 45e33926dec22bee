import { constants, type ClientHttp2Stream } from 'node:http2';
import type { Writable } from 'node:stream';
import type { RestOperation } from '@cnap/rest';
import { ConnectError } from '@connectrpc/connect';
import type { HttpResponse } from '@cnap/rpc';
import { createEnvelopeReader } from './envelope.ts';
import { errorIn, unreachable } from './service-call.ts';

/** How the events of a stream are sent. */
export type EventOptions = {
  /** How long the first message is waited for before the answer begins: until then an error has its status. */
  headMs: number;
  /** A comment is sent so often, so that proxies keep the connection and a client that is gone is noticed. */
  heartbeatMs: number;
};

/** What the messages of a stream become. */
export type StreamForm = {
  /** The header `Content-Type`. */
  type: string;
  headers: Record<string, string>;
  write(message: Buffer): string | Buffer;
  /** What clients pass over, to be sent while there is nothing else; undefined: there is no such thing. */
  comment: string | undefined;
  /** The words for an error after the beginning; undefined: it has none. */
  error: ((error: ConnectError) => string) | undefined;
};

/**
 * Sends the messages of a stream in their form, at the pace of the slower side, until the service ends it or the client
 * goes. An error after the beginning is said in the form; where it has no words for that, the answer is cut off.
 * @throws ConnectError what the service answered in place of the first message
 */
export async function sendStream(
  from: ClientHttp2Stream,
  response: HttpResponse,
  operation: RestOperation,
  form: StreamForm,
  options: EventOptions,
): Promise<void> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  // The responses of HTTP/1.1 and HTTP/2 are both written like this.
  const out = response as unknown as Writable;
  const whole: Buffer[] = [];
  let status = 0;
  let done = false;
  const begin = (): void => {
    if (response.headersSent || response.destroyed) return;
    response.statusCode = 200;
    response.setHeader('content-type', form.type);
    for (const [name, value] of Object.entries(form.headers)) response.setHeader(name, value);
  };
  const finish = (error: ConnectError | undefined): void => {
    if (done) return;
    done = true;
    if (error !== undefined && !response.headersSent) return reject(error);
    begin();
    if (error === undefined) response.end();
    else if (form.error) response.end(form.error(error));
    else response.destroy();
    resolve();
  };
  const send = (part: string | Buffer): void => {
    begin();
    if (out.write(part) || from.isPaused()) return;
    from.pause();
    response.once('drain', () => from.resume());
  };
  const read = createEnvelopeReader({
    message: (message) => send(form.write(message)),
    end: (json) => finish(errorAtEnd(json)),
  });

  from.once('response', (headers) => (status = headers[':status'] ?? 0));
  from.on('data', (chunk: Buffer) => {
    if (done) return;
    if (status !== 200) return void whole.push(chunk);
    try {
      read(chunk);
    } catch (error) {
      from.close(constants.NGHTTP2_INTERNAL_ERROR);
      finish(unreachable(operation.service, error));
    }
  });
  from.once('end', () => {
    if (status !== 200 && status !== 0) finish(errorIn(Buffer.concat(whole), status));
  });
  from.on('error', (error) =>
    finish(error instanceof ConnectError ? error : unreachable(operation.service, error)),
  );
  from.once('close', () => finish(unreachable(operation.service, new Error('the stream was cut off'))));
  response.once('close', () => {
    done = true;
    from.close(constants.NGHTTP2_CANCEL);
    resolve();
  });

  const { comment } = form;
  const head = setTimeout(() => {
    if (comment === undefined) return;
    begin();
    if (!response.headersSent && !done) out.write(comment);
  }, options.headMs);
  const heartbeat = setInterval(() => {
    if (comment === undefined) return;
    if (response.headersSent && !out.writableNeedDrain && !done) out.write(comment);
  }, options.heartbeatMs);
  try {
    await ended;
  } finally {
    clearTimeout(head);
    clearInterval(heartbeat);
  }
}

/** The end of a stream has an error when it did not go well. */
export function errorAtEnd(json: Buffer): ConnectError | undefined {
  const end: unknown = JSON.parse(json.toString());
  if (typeof end !== 'object' || end === null || !('error' in end)) return undefined;
  return errorIn(Buffer.from(JSON.stringify(end.error)), 200);
}
