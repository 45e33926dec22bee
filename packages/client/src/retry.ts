import type { DescMethod, Message } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';

import { pause } from './pause.ts';

const firstPauseMs = 100;
const longestPauseMs = 3_000;

/** Repeats unary calls that met UNAVAILABLE and may be repeated, with growing pauses of random length. */
export const retryUnavailable =
  (retries: number): Interceptor =>
  (next) =>
  async (request) => {
    if (request.stream || !mayRepeat(request.method, request.message, request.header)) return next(request);
    for (let attempt = 0; ; attempt++) {
      try {
        return await next(request);
      } catch (error) {
        const unavailable = ConnectError.from(error).code === Code.Unavailable;
        if (!unavailable || attempt >= retries || request.signal.aborted) throw error;
        const longest = Math.min(firstPauseMs * 2 ** attempt, longestPauseMs);
        await pause(longest * (0.5 + Math.random() / 2), request.signal).catch(() => {
          throw error;
        });
      }
    }
  };

/** Reads, and writes that say by their request_id which write they are. */
function mayRepeat(method: DescMethod, message: Message, header: Headers): boolean {
  if (method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS) return true;
  const field = method.input.fields.find(({ name }) => name === 'request_id');
  if (field === undefined || field.fieldKind !== 'scalar') return false;
  return header.has('idempotency-key') || reflect(method.input, message).get(field) !== '';
}
