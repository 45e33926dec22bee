import type { DescMessage, Message } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator, type Validator, type Violation } from '@bufbuild/protovalidate';
import { DomainError, invalidField } from '@cnap/errors';
import { unstorableText } from './unstorable-text.ts';

let validator: Validator | undefined;

/**
 * Checks a message against the limits in its schema.
 * @throws DomainError invalid-argument INVALID_FIELD with every field that breaks a rule, by its path.
 */
export function validate(schema: DescMessage, message: Message): void {
  validator ??= createValidator();
  const result = validator.validate(schema, message);
  if (result.kind === 'valid') {
    const path = unstorableText(message);
    if (path !== undefined) throw invalidField(path, 'must not contain the character U+0000');
    return;
  }
  if (result.kind === 'error') throw result.error;
  const fields = result.violations.map((violation) => ({
    field: pathToString(violation.field),
    description: inWords(violation),
  }));
  const [first] = fields;
  const text =
    first === undefined ? 'The request is not valid.' : `${first.field || 'request'}: ${first.description}`;
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : '';
  throw new DomainError('invalid-argument', 'INVALID_FIELD', `${text}${more}`, { fields });
}

/** The rules of an enum have its numbers; callers know its names. */
function inWords({ field, message, ruleId }: Violation): string {
  const last = field.findLast((part) => part.kind === 'field');
  if (!ruleId.startsWith('enum.') || last?.enum === undefined) return message;
  const { value } = last.enum;
  return message.replaceAll(/\d+/g, (number) => value[Number(number)]?.localName ?? number);
}

/** Checks each message of a stream as it arrives. */
export async function* validateEach<T extends Message>(
  schema: DescMessage,
  messages: AsyncIterable<T>,
): AsyncGenerator<T> {
  for await (const message of messages) {
    validate(schema, message);
    yield message;
  }
}
