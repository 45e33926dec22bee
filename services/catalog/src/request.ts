// What every changing call does with its request before anything else.
import { invalidField } from '@cnap/errors';
import { etagMismatch } from '@cnap/service';

const maxJsonBytes = 1024 * 1024;

/** @throws DomainError invalid-argument INVALID_FIELD when it is larger, by default than 1 MiB, as JSON */
export function refuseLarge(value: unknown, field: string, maxBytes = maxJsonBytes): void {
  if (Buffer.byteLength(JSON.stringify(value ?? null)) > maxBytes) {
    throw invalidField(field, `must not be larger than ${maxBytes / 1024} KiB as JSON`);
  }
}

/** @throws DomainError aborted ETAG_MISMATCH when the resource was changed since it was read */
export function checkEtag(resource: string, etag: string, version: string): void {
  if (etag !== '' && etag !== version) throw etagMismatch(resource);
}
