import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { decodeSealed, encodeSealed } from './blob.ts';

/** Key-encryption keys: one that seals, and those that still open. */
export interface Keyring {
  /**
   * Encrypts under a data key of its own, which the current key wraps.
   * @param boundTo what the value belongs to, such as the row's id; it opens for nothing else
   * @returns one blob for a bytea column
   */
  seal(plaintext: Uint8Array | string, boundTo: string): Uint8Array;
  /** @throws Error if the blob was changed, belongs to something else, or its key is not in the ring */
  open(blob: Uint8Array, boundTo: string): Uint8Array;
  openText(blob: Uint8Array, boundTo: string): string;
  /** Whether the current key wraps it; those for which this is false are to be rewrapped. */
  isCurrent(blob: Uint8Array): boolean;
  /** The same value under the current key; the value itself is not decrypted. */
  rewrap(blob: Uint8Array, boundTo: string): Uint8Array;
}

/** A key-encryption key; what it wraps says its id. */
export type EncryptionKey = { id: string; /** 32 bytes */ key: Uint8Array };

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** @throws Error if a key has the wrong length, an id occurs twice, or the current one is missing */
export function createKeyring(keys: EncryptionKey[], currentId: string): Keyring {
  const byId = new Map<string, Uint8Array>();
  for (const { id, key } of keys) {
    if (!/^[\w.-]{1,64}$/.test(id)) throw new Error('a key id has 1 to 64 letters, digits, dots, dashes');
    if (key.length !== keyBytes)
      throw new Error(`the key ${id} must have ${keyBytes} bytes, not ${key.length}`);
    if (byId.has(id)) throw new Error(`the key id ${id} occurs twice`);
    byId.set(id, Uint8Array.from(key));
  }
  const currentKey = byId.get(currentId);
  if (currentKey === undefined) throw new Error(`there is no key ${currentId}`);

  const unwrap = (keyId: string, wrapped: Uint8Array, boundTo: string): Uint8Array => {
    const key = byId.get(keyId);
    if (key === undefined)
      throw new Error(`the value is sealed with the key ${keyId}, which is not configured`);
    return decrypt(
      key,
      wrapped.subarray(0, nonceBytes),
      wrapped.subarray(nonceBytes),
      wrapping(keyId, boundTo),
    );
  };
  const wrap = (dataKey: Uint8Array, boundTo: string): Uint8Array => {
    const nonce = randomBytes(nonceBytes);
    return Buffer.concat([nonce, encrypt(currentKey, nonce, dataKey, wrapping(currentId, boundTo))]);
  };
  const open = (blob: Uint8Array, boundTo: string): Buffer => {
    const { keyId, wrappedKey, nonce, ciphertext } = decodeSealed(blob);
    return decrypt(unwrap(keyId, wrappedKey, boundTo), nonce, ciphertext, `value ${boundTo}`);
  };

  return {
    seal(plaintext, boundTo) {
      const dataKey = randomBytes(keyBytes);
      const nonce = randomBytes(nonceBytes);
      const ciphertext = encrypt(dataKey, nonce, Buffer.from(plaintext), `value ${boundTo}`);
      return encodeSealed({ keyId: currentId, wrappedKey: wrap(dataKey, boundTo), nonce, ciphertext });
    },
    open,
    openText: (blob, boundTo) => open(blob, boundTo).toString(),
    isCurrent: (blob) => decodeSealed(blob).keyId === currentId,
    rewrap(blob, boundTo) {
      const { keyId, wrappedKey, nonce, ciphertext } = decodeSealed(blob);
      const dataKey = unwrap(keyId, wrappedKey, boundTo);
      return encodeSealed({ keyId: currentId, wrappedKey: wrap(dataKey, boundTo), nonce, ciphertext });
    },
  };
}

/**
 * A keyring from configuration: `id:base64,id2:base64`, the first is current, the others still open.
 * Its errors never hold a key.
 */
export function parseKeyring(text: string): Keyring {
  const keys = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry, i) => {
      const colon = entry.indexOf(':');
      if (colon < 1) throw new Error(`entry ${i + 1} of the keyring must be id:base64`);
      const encoded = entry.slice(colon + 1);
      if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded))
        throw new Error(`the key of entry ${i + 1} is not base64`);
      return { id: entry.slice(0, colon), key: new Uint8Array(Buffer.from(encoded, 'base64')) };
    });
  const first = keys[0];
  if (first === undefined) throw new Error('the keyring is empty');
  return createKeyring(keys, first.id);
}

const wrapping = (keyId: string, boundTo: string): string => `key ${keyId} ${boundTo}`;

function encrypt(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: string): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(associated));
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: string): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(associated));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
  } catch (error) {
    throw new Error('the sealed value was changed, or belongs to something else', { cause: error });
  }
}
