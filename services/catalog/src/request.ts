// What every changing call does with its request before anything else.
import { invalidField } from '@cnap/errors';
import { etagMismatch } from '@cnap/service';

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
