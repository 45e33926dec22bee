import { SignJWT } from 'jose';
import type { UserCaller } from './caller.ts';
import { privateKeyOf, type PrivateKeyInput } from './keys.ts';

/** What tells the two kinds of token apart; a token of one kind is never taken for the other. */
export const callerTokenType = 'cnap-caller+jwt';
export const serviceTokenType = 'cnap-service+jwt';
/** The audience of caller tokens that are not bound to one service. */
export const platformAudience = 'cnap';
/** Who issues caller tokens. */
export const callerIssuer = 'identity';

const maxLifetimeSeconds = 60;

/** Signs what identity has found out about a caller. */
export type CallerSigner = {
  /** A token of at most 60 s, for every service or for `audience` alone. */
  sign(caller: UserCaller, audience?: string): Promise<string>;
};

/** Makes the signer; `lifetimeSeconds` is at most 60. */
export function createCallerSigner(options: {
  keyId: string;
  privateKey: PrivateKeyInput;
  lifetimeSeconds?: number;
  now?: () => number;
}): CallerSigner {
  const key = privateKeyOf(options.privateKey);
  const lifetime = Math.min(options.lifetimeSeconds ?? maxLifetimeSeconds, maxLifetimeSeconds);
  const now = options.now ?? Date.now;
  return {
    sign(caller, audience = platformAudience) {
      const issuedAt = Math.floor(now() / 1_000);
      const { kind: _, userId, ...claims } = caller;
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'EdDSA', typ: callerTokenType, kid: options.keyId })
        .setIssuer(callerIssuer)
        .setSubject(userId)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetime)
        .sign(key);
    },
  };
}

/** The identity of a service towards its peers. */
export type ServiceIdentity = {
  readonly service: string;
  /** A token for one peer, kept until it nears its end. */
  token(audience: string): Promise<string>;
};

/** Makes the identity of a service from its private key. */
export function createServiceIdentity(options: {
  service: string;
  privateKey: PrivateKeyInput;
  lifetimeSeconds?: number;
  now?: () => number;
}): ServiceIdentity {
  const key = privateKeyOf(options.privateKey);
  const lifetime = Math.min(options.lifetimeSeconds ?? maxLifetimeSeconds, maxLifetimeSeconds);
  const now = options.now ?? Date.now;
  const kept = new Map<string, { token: Promise<string>; renewAt: number }>();
  return {
    service: options.service,
    token(audience) {
      const known = kept.get(audience);
      if (known !== undefined && now() < known.renewAt) return known.token;
      const issuedAt = Math.floor(now() / 1_000);
      const token = new SignJWT({})
        .setProtectedHeader({ alg: 'EdDSA', typ: serviceTokenType, kid: options.service })
        .setIssuer(options.service)
        .setSubject(options.service)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetime)
        .sign(key);
      // Half of its life is left for the way there and for clocks that differ.
      kept.set(audience, { token, renewAt: now() + (lifetime * 1_000) / 2 });
      return token;
    },
  };
}
