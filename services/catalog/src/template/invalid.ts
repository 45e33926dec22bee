import { DomainError } from '@cnap/errors';

/** A field of a source is not acceptable. */
export function sourceInvalid(field: string, description: string): DomainError {
  return new DomainError('invalid-argument', 'SOURCE_INVALID', `${field} ${description}.`, {
    fields: [{ field, description }],
  });
}
