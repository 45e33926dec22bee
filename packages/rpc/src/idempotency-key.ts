import { ScalarType, type DescMessage, type Message } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { invalidField } from '@cnap/errors';
import type { HeaderReader } from './unary-context.ts';

const headerName = 'idempotency-key';
const fieldName = 'request_id';
const maxLength = 256;

/**
 * Copies the header `Idempotency-Key` into the field `request_id` of a request that has one.
 * @throws DomainError invalid-argument when the header is not 1–256 characters, or the two differ.
 */
export function adoptIdempotencyKey(header: HeaderReader, schema: DescMessage, message: Message): void {
  const key = header.get(headerName);
  if (key === null) return;
  const field = schema.fields.find(({ name }) => name === fieldName);
  if (field === undefined || field.fieldKind !== 'scalar' || field.scalar !== ScalarType.STRING) return;
  if (key.length === 0 || key.length > maxLength) {
    throw invalidField(fieldName, `the header Idempotency-Key must have 1–${maxLength} characters`);
  }
  const reflected = reflect(schema, message);
  const given = reflected.get(field);
  if (given === '') reflected.set(field, key);
  else if (given !== key) {
    throw invalidField(fieldName, 'request_id and the header Idempotency-Key differ');
  }
}
