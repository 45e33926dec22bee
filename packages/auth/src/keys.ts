import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';

// What stands before the 32 raw bytes in PKCS#8 and SPKI encodings of Ed25519 keys (RFC 8410).
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** An Ed25519 private key: a KeyObject, or the 32 raw bytes in base64 (CNAP_SERVICE_PRIVATE_KEY). */
export type PrivateKeyInput = KeyObject | string;
/** An Ed25519 public key: a KeyObject, or the 32 raw bytes in base64 (CNAP_SERVICE_PUBLIC_KEYS). */
export type PublicKeyInput = KeyObject | string;

/** @throws Error when it is not an Ed25519 private key; the key is not in the message. */
export function privateKeyOf(input: PrivateKeyInput): KeyObject {
  const key =
    typeof input === 'string'
      ? createPrivateKey({
          key: Buffer.concat([pkcs8Prefix, rawKey(input, 'private')]),
          format: 'der',
          type: 'pkcs8',
        })
      : input;
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519') {
    throw new Error('an Ed25519 private key is needed');
  }
  return key;
}

/** @throws Error when it is not an Ed25519 public key. */
export function publicKeyOf(input: PublicKeyInput): KeyObject {
  const key =
    typeof input === 'string'
      ? createPublicKey({
          key: Buffer.concat([spkiPrefix, rawKey(input, 'public')]),
          format: 'der',
          type: 'spki',
        })
      : input.type === 'private'
        ? createPublicKey(input)
        : input;
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('an Ed25519 public key is needed');
  return key;
}

function rawKey(base64: string, kind: string): Buffer {
  const raw = Buffer.from(base64.trim(), 'base64');
  if (raw.length !== 32) throw new Error(`a raw Ed25519 ${kind} key has 32 bytes in base64`);
  return raw;
}

/** The JSON Web Key of a public key, for a JWKS. */
export function publicJwk(keyId: string, key: PublicKeyInput): JWK {
  return { ...publicKeyOf(key).export({ format: 'jwk' }), kid: keyId, alg: 'EdDSA', use: 'sig' } as JWK;
}

/** A new key pair, both raw in base64, as the configuration takes them. */
export function generateKeys(): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64'),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64'),
  };
}

/**
 * Reads CNAP_SERVICE_PUBLIC_KEYS: a JSON object of service name to raw public key in base64.
 * @throws Error that says what is wrong.
 */
export function parseServiceKeys(text: string): Record<string, string> {
  const parsed: unknown = (() => {
    try {
      return JSON.parse(text);
    } catch {
      throw new Error('the service keys are not JSON');
    }
  })();
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error('the service keys are not a JSON object');
  }
  return Object.fromEntries(
    Object.entries(parsed).map(([service, key]) => {
      if (typeof key !== 'string') throw new Error(`the key of service ${service} is not text`);
      publicKeyOf(key);
      return [service, key];
    }),
  );
}
