import { setTimeout as pause } from 'node:timers/promises';
import { detailsOf } from '@cnap/client';
import { messageOf } from '@cnap/errors';
import { Code, ConnectError } from '@connectrpc/connect';

/** Something was refused. `code` is empty when it was not the platform that did; `why` are its reason and metadata. */
export type Refusal = { atMs: number; what: string; code: string; why: string[]; text: string };

/** How somebody asks who does not give up. */
export type Insisting = { refusals: Refusal[]; now: () => number };

const callMs = 12_000;
const againMs = 400;

/** Asks again until there is an answer: what a person does whose browser says that something went wrong. */
export async function insist<T>(
  { refusals, now }: Insisting,
  what: string,
  signal: AbortSignal,
  work: (call: { signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const patience = AbortSignal.timeout(callMs);
    try {
      return await work({ signal: AbortSignal.any([signal, patience]) });
    } catch (error) {
      signal.throwIfAborted();
      const isOurs = error instanceof ConnectError && !patience.aborted;
      const code = isOurs ? Code[error.code] : '';
      const text = patience.aborted ? 'no answer' : isOurs ? error.rawMessage : messageOf(error);
      const { reason, metadata = {} } = detailsOf(error) ?? {};
      const why = reason === undefined ? [] : [reason, ...Object.values(metadata)];
      refusals.push({ atMs: Math.round(now()), what, code, why, text });
      await pause(againMs, undefined, { signal });
    }
  }
}
