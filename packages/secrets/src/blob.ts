/** The parts of a sealed value. */
export type Sealed = {
  /** The key-encryption key that wraps the data key. */
  keyId: string;
  /** The data key, encrypted: nonce, ciphertext and tag. */
  wrappedKey: Uint8Array;
  nonce: Uint8Array;
  /** Ciphertext and tag. */
  ciphertext: Uint8Array;
};

const version = 1;

/** version, then each part but the last with its length in one byte: key id, wrapped key, nonce; then the ciphertext. */
export function encodeSealed(sealed: Sealed): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(version)];
  for (const part of [Buffer.from(sealed.keyId), sealed.wrappedKey, sealed.nonce]) {
    if (part.length > 255) throw new Error('a part of a sealed value is too long');
    parts.push(Uint8Array.of(part.length), part);
  }
  return Buffer.concat([...parts, sealed.ciphertext]);
}

/** @throws Error if the bytes are not what {@link encodeSealed} wrote */
export function decodeSealed(blob: Uint8Array): Sealed {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes[0] !== version) throw new Error('not a sealed value');
  let at = 1;
  const next = (): Uint8Array => {
    const length = bytes[at];
    if (length === undefined || at + 1 + length > bytes.length)
      throw new Error('a sealed value that is cut short');
    at += 1 + length;
    return bytes.subarray(at - length, at);
  };
  const keyId = Buffer.from(next()).toString();
  return { keyId, wrappedKey: next(), nonce: next(), ciphertext: bytes.subarray(at) };
}
