import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Client } from '@connectrpc/connect';
import type { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';

/** How long a resolved caller is kept: a revocation that no fact tells of is felt within so long. */
const keptMs = 4_000;
const maxKept = 20_000;

type Kept = { token: Promise<string>; until: number; credentialId: string; userId: string };
/** One call: with which credential, in which workspace, from where. */
export type Call = { credential: string; workspaceId: string; address: string };

/** Turns credentials into signed caller tokens, asking identity once for many calls. */
export class Callers {
  readonly #identity: Client<typeof CallerService>;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(identity: Client<typeof CallerService>, now: () => number = Date.now) {
    this.#identity = identity;
    this.#now = now;
  }

  /** @throws DomainError unauthenticated CREDENTIAL_INVALID, or unavailable when identity cannot be asked */
  async tokenFor(call: Call): Promise<string> {
    const key = `${call.credential}\n${call.workspaceId}\n${call.address}`;
    const known = this.#kept.get(key);
    if (known && this.#now() < known.until) return known.token;
    const asked = this.#identity.resolveCaller(call);
    const kept: Kept = {
      token: asked.then((answer) => answer.callerToken),
      until: this.#now() + keptMs,
      credentialId: '',
      userId: '',
    };
    this.#keep(key, kept);
    try {
      const answer = await asked;
      kept.credentialId = answer.credentialId;
      kept.userId = answer.userId;
      // A token must still be good for the whole of a call's way.
      if (answer.expireTime) kept.until = Math.min(kept.until, timestampMs(answer.expireTime) - 10_000);
      return answer.callerToken;
    } catch (error) {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
      throw error;
    }
  }

  /** Forgets what is known of a credential or a user: it was revoked, or a role changed. */
  drop(of: { credentialId?: string; userId?: string }): void {
    for (const [key, kept] of this.#kept) {
      if (kept.credentialId === of.credentialId || kept.userId === of.userId) this.#kept.delete(key);
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
