import { constants, type ClientHttp2Stream } from 'node:http2';
import type { Writable } from 'node:stream';
import { answerWriter, problemOf, problemText, rawField, type RestOperation } from '@cnap/rest';
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

/** A line that clients pass over. */
const comment = ':\n\n';

/** Turns the messages of a stream into the text of events. */
export function eventWriter(operation: RestOperation): (message: Buffer) => string {
  const { stream } = operation;
  if (stream?.kind === 'text') {
    const raw = rawField(stream.field);
    // Each line of it gets its own "data:"; the client puts them together again.
    return (message) =>
      `data: ${raw(message)
        .toString()
        .split(/\r\n|\r|\n/)
        .join('\ndata: ')}\n\n`;
  }
  const write = answerWriter(operation);
  return (message) => `data: ${write(message).json ?? 'null'}\n\n`;
}

/**
 * Sends the messages of a stream as Server-Sent Events, at the pace of the slower side, until the service ends it
 * or the client goes. An error after the beginning is an `event: error` with the body that errors have.
 * @throws ConnectError what the service answered in place of the first message
 */
export async function sendEvents(
  from: ClientHttp2Stream,
  response: HttpResponse,
  operation: RestOperation,
  write: (message: Buffer) => string,
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
    response.setHeader('content-type', 'text/event-stream; charset=utf-8');
    response.setHeader('x-accel-buffering', 'no');
  };
  const finish = (error: ConnectError | undefined): void => {
    if (done) return;
    done = true;
    if (error !== undefined && !response.headersSent) return reject(error);
    begin();
    if (error !== undefined) {
      out.write(`event: error\ndata: ${problemText(problemOf(error, operation).error)}\n`);
    }
    response.end();
    resolve();
  };
  const send = (text: string): void => {
    begin();
    if (out.write(text) || from.isPaused()) return;
    from.pause();
    response.once('drain', () => from.resume());
  };
  const read = createEnvelopeReader({
    message: (message) => send(write(message)),
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

  const head = setTimeout(() => {
    begin();
    if (!response.headersSent && !done) out.write(comment);
  }, options.headMs);
  const heartbeat = setInterval(() => {
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
