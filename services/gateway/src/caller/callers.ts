import { hash } from 'node:crypto';
import type { Call, ResolveCaller, Resolved, Revoked } from './port.ts';

/** How long a resolved caller is kept: a revocation that no fact tells of is felt within so long. */
export const keptMs = 4_000;
const maxKept = 20_000;
/** A token must still be good for the whole of a call's way. */
const marginMs = 10_000;

type Kept = { token: Promise<string>; until: number; resolved: Resolved | undefined };

/** Turns credentials into signed caller tokens, asking once for many calls. */
export class Callers {
  readonly #resolve: ResolveCaller;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(resolve: ResolveCaller, now: () => number = Date.now) {
    this.#resolve = resolve;
    this.#now = now;
  }

  /** @throws DomainError unauthenticated CREDENTIAL_INVALID, or unavailable when identity cannot be asked */
  tokenFor(call: Call): Promise<string> {
    const key = keyOf(call);
    const known = this.#kept.get(key);
    if (known && this.#now() < known.until) return known.token;
    const kept: Kept = {
      token: this.#ask(call, key, () => kept),
      until: this.#now() + keptMs,
      resolved: undefined,
    };
    this.#keep(key, kept);
    return kept.token;
  }

  async #ask(call: Call, key: string, entry: () => Kept): Promise<string> {
    try {
      const resolved = await this.#resolve(call);
      const kept = entry();
      kept.resolved = resolved;
      kept.until = Math.min(kept.until, resolved.expiresAt - marginMs);
      return resolved.token;
    } catch (error) {
      if (this.#kept.get(key) === entry()) this.#kept.delete(key);
      throw error;
    }
  }

  /** Forgets what is known of whom a fact is about, and whatever is being asked: it may be old news already. */
  drop(revoked: Revoked): void {
    for (const [key, { resolved }] of this.#kept) {
      if (resolved === undefined || concerns(revoked, resolved)) this.#kept.delete(key);
    }
  }

  #keep(key: string, kept: Kept): void {
    if (this.#kept.size >= maxKept) {
      for (const [old, { until }] of this.#kept) if (until <= this.#now()) this.#kept.delete(old);
      if (this.#kept.size >= maxKept) this.#kept.clear();
    }
    this.#kept.set(key, kept);
  }
}

/** Credentials are not held longer than their call. */
const keyOf = ({ credential, workspaceId, address }: Call): string =>
  hash('sha256', `${credential}\n${workspaceId}\n${address}`, 'base64');

function concerns(revoked: Revoked, { credentialId, userId, workspaceId }: Resolved): boolean {
  if (revoked === 'everything') return true;
  if ('credentialId' in revoked) return revoked.credentialId === credentialId;
  if ('userId' in revoked) return revoked.userId === userId;
  return revoked.workspaceId === workspaceId;
}
