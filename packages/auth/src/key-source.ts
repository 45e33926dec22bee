import { DomainError } from '@cnap/errors';
import { importJWK, type CryptoKey, type JSONWebKeySet } from 'jose';

const refreshMs = 300_000;
/** A stranger can make up key ids; the owner of the keys is not asked for each. */
const minPauseMs = 5_000;

type Keys = Map<string, CryptoKey | Uint8Array>;

/** Finds public keys by id; asks `getKeys` every five minutes and, at most every five seconds, for unknown ids. */
export function keySource(getKeys: () => Promise<JSONWebKeySet>, now: () => number) {
  let keys: Keys = new Map();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  async function load(): Promise<void> {
    const next: Keys = new Map();
    for (const jwk of (await getKeys()).keys) {
      if (jwk.kid !== undefined && jwk.crv === 'Ed25519') next.set(jwk.kid, await importJWK(jwk, 'EdDSA'));
    }
    keys = next;
    loadedAt = now();
  }

  const reload = (): Promise<void> => (loading ??= load().finally(() => (loading = undefined)));

  return async function keyFor(keyId: string): Promise<CryptoKey | Uint8Array> {
    const age = now() - loadedAt;
    if (age > refreshMs || (!keys.has(keyId) && age > minPauseMs)) {
      await reload().catch((cause: unknown) => {
        // Keys that are known stay good while their owner cannot be reached.
        if (keys.has(keyId)) return;
        throw new DomainError(
          'unavailable',
          'SIGNING_KEYS_UNAVAILABLE',
          'The caller cannot be verified now.',
          {
            cause,
          },
        );
      });
    }
    const key = keys.get(keyId);
    if (key === undefined) throw new Error('the key of the token is not known');
    return key;
  };
}
