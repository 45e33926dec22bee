import { decodeProtectedHeader, importJWK, jwtVerify, type JWK } from 'jose';
import type { Tx } from '../database.ts';
import { findJwtKey } from './store.ts';

/** Whether a credential has the form of a signed JWT, and can be one of ours by its length. */
export const looksLikeJwt = (credential: string): boolean =>
  credential.length <= 2_048 && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(credential);

/**
 * The session that a JWT of `GET /api/auth/token` was made in. It says who signs in, not for how long: with the
 * session, its JWTs end.
 */
export async function sessionOfJwt(
  tx: Tx,
  credential: string,
  issuer: string,
  now: Date,
): Promise<string | undefined> {
  const id = keyIdIn(credential);
  const jwk = id === undefined ? undefined : await findJwtKey(tx, id);
  if (jwk === undefined) return undefined;
  const key = await importJWK(JSON.parse(jwk) as JWK, 'EdDSA');
  const verified = await jwtVerify(credential, key, {
    algorithms: ['EdDSA'],
    issuer,
    audience: issuer,
    currentDate: now,
    requiredClaims: ['exp', 'sid'],
  }).catch(() => undefined);
  const session = verified?.payload['sid'];
  return typeof session === 'string' ? session : undefined;
}

function keyIdIn(credential: string): string | undefined {
  try {
    return decodeProtectedHeader(credential).kid;
  } catch {
    return undefined;
  }
}
