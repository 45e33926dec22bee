import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';

/** Who does what is being done; facts and the audit log carry it. */
export type Actor = {
  kind: 'user' | 'service' | 'anonymous';
  id: string;
  /** The session or token that was used. */
  credentialId?: string;
  address?: string;
  /** The platform goes on by itself with what the actor began: a reconciler, or a consumer of a fact, works. */
  onBehalf?: boolean;
};

type Context = { traceparent: string; actor: Actor | undefined };

const storage = new AsyncLocalStorage<Context>();
const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Whether this is a valid W3C traceparent; it may come from a stranger. */
export const isTraceparent = (value: string | undefined): value is string =>
  value !== undefined && traceparentPattern.test(value);

// To ask for random bytes costs the same for one id as for hundreds; they need to differ, not to be secret.
const randomness = Buffer.allocUnsafe(4_096);
let used = randomness.length;

function randomHex(bytes: number): string {
  if (used + bytes > randomness.length) {
    randomFillSync(randomness);
    used = 0;
  }
  used += bytes;
  return randomness.toString('hex', used - bytes, used);
}

/** A W3C traceparent of a trace that begins here. */
export const newTraceparent = (): string => `00-${randomHex(16)}-${randomHex(8)}-01`;

/** A traceparent of the same trace with a span of its own. */
export const childTraceparent = (parent: string): string =>
  `${parent.slice(0, 36)}${randomHex(8)}${parent.slice(52)}`;

/** The W3C traceparent of the work at hand, to be handed on with calls and events. */
export const currentTraceparent = (): string | undefined => storage.getStore()?.traceparent;

/** The trace id of the work at hand, 32 hexadecimal digits. */
export const currentTraceId = (): string | undefined => storage.getStore()?.traceparent.slice(3, 35);

/**
 * Runs `work` as part of the trace that `traceparent` names. Without one, or with one that is not valid
 * (it may come from a stranger), a new trace begins. The actor stays.
 */
export function withTrace<T>(traceparent: string | undefined, work: () => T): T {
  return storage.run(
    {
      traceparent: isTraceparent(traceparent) ? traceparent : newTraceparent(),
      actor: storage.getStore()?.actor,
    },
    work,
  );
}

/** Who does the work at hand. */
export const currentActor = (): Actor | undefined => storage.getStore()?.actor;

/** Runs `work` on behalf of `actor`, within the current trace or a new one. */
export function withActor<T>(actor: Actor, work: () => T): T {
  return storage.run({ traceparent: currentTraceparent() ?? newTraceparent(), actor }, work);
}

/**
 * Sets the actor for the rest of the innermost {@link withTrace}, {@link withActor} or `span`: for a server
 * that learns who calls after the trace of the call has begun, and whose streams go on after any callback
 * has returned. Does nothing outside of them.
 */
export function adoptActor(actor: Actor): void {
  const context = storage.getStore();
  if (context !== undefined) context.actor = actor;
}
