import { DomainError } from '@cnap/errors';
import { decodeProtectedHeader, jwtVerify, type JSONWebKeySet, type JWTPayload, type KeyInput } from 'jose';
import { z } from 'zod';
import { roles, type Caller } from './caller.ts';
import { keySource } from './key-source.ts';
import { publicKeyOf, type PublicKeyInput } from './keys.ts';
import { callerIssuer, callerTokenType, platformAudience, serviceTokenType } from './sign.ts';

/** Checks the tokens of internal calls. */
export type CallerVerifier = {
  /** @throws DomainError unauthenticated CREDENTIAL_INVALID; unavailable when the keys cannot be had. */
  verify(token: string): Promise<Caller>;
};

/** What a verifier needs. */
export type CallerVerifierOptions = {
  /** The public keys of caller tokens: identity's GetSigningKeys. Asked again for a key that is not known. */
  getKeys: () => Promise<JSONWebKeySet>;
  /** Public keys of the services that may call, by name. None: no service may. */
  serviceKeys?: Record<string, PublicKeyInput>;
  /** The service that verifies; tokens for another one are refused. */
  audience: string;
  now?: () => number;
};

const clockToleranceSeconds = 5;
const maxCachedTokens = 10_000;

const callerClaims = z.object({
  sub: z.string().min(1),
  email: z.string(),
  name: z.string(),
  workspaceId: z.string().optional(),
  role: z.enum(roles).optional(),
  readOnly: z.boolean(),
  operator: z.boolean(),
  credentialId: z.string(),
  address: z.string().optional(),
});

/** Makes a verifier. A verified token is remembered until it expires, so that the next look costs 3 µs. */
export function createCallerVerifier(options: CallerVerifierOptions): CallerVerifier {
  const now = options.now ?? Date.now;
  const callerKey = keySource(options.getKeys, now);
  const serviceKeys = new Map(
    Object.entries(options.serviceKeys ?? {}).map(([service, key]) => [service, publicKeyOf(key)]),
  );
  const cache = new Map<string, { caller: Caller; expiresAt: number }>();

  const check = async (token: string, type: string, issuer: string, audience: string[], key: KeyInput) => {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['EdDSA'],
      typ: type,
      issuer,
      audience,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now()),
      requiredClaims: ['exp', 'iat', 'sub'],
      maxTokenAge: 60,
    });
    return payload;
  };

  async function read(token: string): Promise<{ payload: JWTPayload; caller: Caller }> {
    const { typ, kid } = decodeProtectedHeader(token);
    if (kid === undefined) throw new Error('the token names no key');
    if (typ === serviceTokenType) {
      const key = serviceKeys.get(kid);
      if (key === undefined) throw new Error(`no key of service ${kid} is configured`);
      const payload = await check(token, serviceTokenType, kid, [options.audience], key);
      return { payload, caller: { kind: 'service', service: kid } };
    }
    const key = await callerKey(kid);
    const payload = await check(
      token,
      callerTokenType,
      callerIssuer,
      [options.audience, platformAudience],
      key,
    );
    return { payload, caller: callerFrom(payload) };
  }

  function remember(token: string, caller: Caller, expiresAt: number): void {
    if (cache.size >= maxCachedTokens) dropSome(cache, now());
    cache.set(token, { caller, expiresAt });
  }

  return {
    async verify(token) {
      const known = cache.get(token);
      if (known !== undefined) {
        if (now() < known.expiresAt) return known.caller;
        cache.delete(token);
      }
      try {
        const { payload, caller } = await read(token);
        remember(token, caller, ((payload.exp ?? 0) + clockToleranceSeconds) * 1_000);
        return caller;
      } catch (cause) {
        if (cause instanceof DomainError) throw cause;
        throw new DomainError('unauthenticated', 'CREDENTIAL_INVALID', 'The token is not valid.', { cause });
      }
    },
  };
}

function callerFrom(payload: JWTPayload): Caller {
  const { sub, workspaceId, role, address, ...claims } = callerClaims.parse(payload);
  return {
    kind: 'user',
    userId: sub,
    ...claims,
    ...(workspaceId === undefined ? {} : { workspaceId }),
    ...(role === undefined ? {} : { role }),
    ...(address === undefined ? {} : { address }),
  };
}

/** Drops what has expired and, should that not be enough, the older half. */
function dropSome(cache: Map<string, { expiresAt: number }>, now: number): void {
  for (const [token, { expiresAt }] of cache) if (expiresAt <= now) cache.delete(token);
  if (cache.size < maxCachedTokens) return;
  let left = maxCachedTokens / 2;
  for (const token of cache.keys()) {
    if (left-- <= 0) return;
    cache.delete(token);
  }
}
