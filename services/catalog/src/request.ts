// What every changing call does with its request before anything else.
import { invalidField } from '@cnap/errors';
import { etagMismatch } from '@cnap/service';

/**
 * Postgres stores no U+0000, in text or in JSON.
 * @throws DomainError invalid-argument INVALID_FIELD naming the field
 */
export function refuseNull(value: unknown, path = ''): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw invalidField(path, 'must not contain the character U+0000');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key.startsWith('$')) continue; // the message's own type name and unknown fields
    if (key.includes('\0')) throw invalidField(path, 'must not contain the character U+0000');
    const name = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    refuseNull(inner, Array.isArray(value) ? `${path}[${key}]` : path === '' ? name : `${path}.${name}`);
  }
}

const maxJsonBytes = 1024 * 1024;

/** @throws DomainError invalid-argument INVALID_FIELD when it is larger than 1 MiB as JSON */
export function refuseLarge(value: unknown, field: string): void {
  if (Buffer.byteLength(JSON.stringify(value ?? null)) > maxJsonBytes) {
    throw invalidField(field, 'must not be larger than 1 MiB as JSON');
  }
}

/** @throws DomainError aborted ETAG_MISMATCH when the resource was changed since it was read */
export function checkEtag(resource: string, etag: string, version: string): void {
  if (etag !== '' && etag !== version) throw etagMismatch(resource);
}
