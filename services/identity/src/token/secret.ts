import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const prefix = 'cnap_pat_';
const randomLength = 34;
const checksumLength = 6;

/** A new personal access token: `cnap_pat_`, 34 random characters (202 bits), a checksum of 6. */
export function newTokenSecret(): string {
  const random = Array.from({ length: randomLength }, () => alphabet[randomInt(alphabet.length)]).join('');
  return prefix + random + checksumOf(random);
}

/** Whether a text is a token by form and checksum, so that a mistyped one is refused without a query. */
export function isTokenSecret(text: string): boolean {
  if (!text.startsWith(prefix) || text.length !== prefix.length + randomLength + checksumLength) return false;
  const random = text.slice(prefix.length, prefix.length + randomLength);
  return text.endsWith(checksumOf(random)) && [...random].every((letter) => alphabet.includes(letter));
}

/** What is stored in place of a token. It has enough entropy for an unsalted hash, which can be looked up. */
export const hashTokenSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** The first characters, by which people recognise a token. */
export const visiblePrefix = (secret: string): string => secret.slice(0, prefix.length + 4);

function checksumOf(random: string): string {
  let rest = crc32(random);
  let text = '';
  for (let index = 0; index < checksumLength; index += 1) {
    text = (alphabet[rest % alphabet.length] ?? '') + text;
    rest = Math.floor(rest / alphabet.length);
  }
  return text;
}
