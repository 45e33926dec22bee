import { on } from 'node:events';
import { DomainError } from '@cnap/errors';
import { asProblem } from '../rest/as-problem.ts';
import type { WebSocket } from 'ws';
import { readFrame, type ShellFrame } from './frames.ts';
import { shellOperation } from './refusal.ts';
import type { ShellCall } from './shell-call.ts';

/** Proxies cut connections on which nothing passes; a client that is gone does not answer. */
const pingEveryMs = 25_000;
/** RFC 6455, 7.4.1. */
const closeCodes = { normal: 1000, goingAway: 1001 };
const closingMs = 1_000;

/** Passes between a client's WebSocket and its shell, both ways at the pace of the slower side, until either ends. */
export async function converse(socket: WebSocket, call: ShellCall, ending: AbortSignal): Promise<void> {
  const send = (frame: ShellFrame): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame), () => resolve());
    else resolve();
    return promise;
  };
  const leave = (): void => call[Symbol.dispose]();
  socket.once('close', leave);
  socket.on('error', () => socket.terminate());
  let code = closeCodes.normal;
  const cut = (): void => {
    code = closeCodes.goingAway;
    leave();
  };
  ending.addEventListener('abort', cut, { once: true });
  if (ending.aborted) cut();
  const pinging = keepAlive(socket);
  try {
    void passTyped(socket, call, send);
    await passAnswers(call, send);
  } catch (error) {
    const why: unknown = ending.aborted ? ending.reason : error;
    await send({ type: 'error', message: wordsOf(why) });
  } finally {
    clearInterval(pinging);
    ending.removeEventListener('abort', cut);
    await send({ type: 'close' });
    socket.close(code);
    const late = setTimeout(() => socket.terminate(), closingMs);
    socket.once('close', () => clearTimeout(late));
    leave();
  }
}

async function passTyped(
  socket: WebSocket,
  call: ShellCall,
  send: (frame: ShellFrame) => Promise<void>,
): Promise<void> {
  // Reading pauses while the shell takes nothing.
  const frames = on(socket, 'message', { close: ['close'], highWaterMark: 16, lowWaterMark: 4 });
  socket.resume();
  try {
    for await (const [data, isBinary] of frames as AsyncIterable<[Buffer, boolean]>) {
      const requests = isBinary ? 'A frame must be text.' : readFrame(data.toString());
      if (typeof requests === 'string') await send({ type: 'error', message: requests });
      else for (const request of requests) await call.send(request);
    }
  } catch {
    socket.terminate();
  }
}

async function passAnswers(call: ShellCall, send: (frame: ShellFrame) => Promise<void>): Promise<void> {
  const decoders = { output: new TextDecoder(), errorOutput: new TextDecoder() };
  for await (const { message } of call.answers) {
    switch (message.case) {
      case 'output':
      case 'errorOutput': {
        // A character may be cut by the end of a message.
        const data = decoders[message.case].decode(message.value, { stream: true });
        if (data !== '') await send({ type: 'output', data });
        break;
      }
      case 'exited':
        if (message.value.message !== '') await send({ type: 'error', message: message.value.message });
        break;
      default:
    }
  }
}

function keepAlive(socket: WebSocket): NodeJS.Timeout {
  let answered = true;
  socket.on('pong', () => (answered = true));
  return setInterval(() => {
    // Its answer is not read while nothing is.
    if (!answered && !socket.isPaused) return socket.terminate();
    answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, pingEveryMs);
}

const wordsOf = (error: unknown): string =>
  error instanceof DomainError ? error.message : asProblem(error, shellOperation).error.message;
