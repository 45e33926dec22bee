import type { Readable } from 'node:stream';
import { Code, ConnectError } from '@connectrpc/connect';
import type { HttpRequest, HttpResponse } from './port.ts';

/** How long what is left of a request may still arrive after its answer. */
const lingerMs = 500;

/** The body, as long as all of it arrives in time; a slow sender is told DEADLINE_EXCEEDED and cut off. */
export async function* bodyInTime(
  body: AsyncIterable<Uint8Array>,
  timeoutMs: number,
): AsyncGenerator<Uint8Array> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  tooLate.catch(() => undefined);
  const timer = setTimeout(() => reject(late()), timeoutMs);
  const chunks = body[Symbol.asyncIterator]();
  let complete = false;
  try {
    for (;;) {
      const chunk = await Promise.race([chunks.next(), tooLate]);
      if (chunk.done === true) {
        complete = true;
        return;
      }
      yield chunk.value;
    }
  } finally {
    clearTimeout(timer);
    // The sender may be waiting forever; so would its iterator.
    if (!complete) chunks.return?.()?.then(undefined, () => undefined);
  }
}

/** The whole body, at most `maxBytes` of it, if it arrives in time. */
export function wholeBody(request: HttpRequest, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  const source: Readable = 'stream' in request ? request.stream : request;
  // Node ends an HTTP/2 request without a body at once; who calls was looked into first.
  if (source.readableEnded) return Promise.resolve(new Uint8Array());
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => reject(late()), timeoutMs);
  const onData = (chunk: Buffer): void => {
    length += chunk.byteLength;
    if (length <= maxBytes) return void chunks.push(chunk);
    done();
    reject(new ConnectError(`the message is larger than ${maxBytes} bytes`, Code.ResourceExhausted));
  };
  const onEnd = (): void => {
    done();
    resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  };
  const done = (): void => {
    clearTimeout(timer);
    source.off('data', onData);
    source.off('end', onEnd);
  };
  source.on('data', onData);
  source.once('end', onEnd);
  source.once('close', done);
  return promise;
}

const late = (): ConnectError =>
  new ConnectError('the request did not arrive in time', Code.DeadlineExceeded);

/**
 * Ends a request whose answer is complete although its body is not: over HTTP/2 its stream alone, over
 * HTTP/1.1 its connection. A sender that is cut at once would not read the answer, so it is given a moment.
 */
export function endUnreadBody(request: HttpRequest, response: HttpResponse): void {
  if ('stream' in response) {
    const { stream } = response;
    // The response itself says that it is finished only when its stream is gone.
    stream.once('finish', () => {
      if (stream.readableEnded || stream.destroyed) return;
      // The request object pauses the stream once nobody reads it any more.
      stream.removeAllListeners('data');
      stream.resume();
      const timer = setTimeout(() => stream.close(0), lingerMs);
      stream.once('close', () => clearTimeout(timer));
    });
    return;
  }
  // The response lets go of its socket when it is finished.
  const { socket } = request;
  response.once('finish', () => {
    if (request.complete) return;
    request.resume();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    // The socket stays for the next request, which should not find the listeners of this one.
    const done = (): void => {
      clearTimeout(timer);
      socket.off('close', done);
    };
    request.once('end', done);
    socket.once('close', done);
  });
}
