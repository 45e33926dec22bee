import { expect, test } from 'vitest';
import { DomainError, invalidField, messageOf, notFound } from './index.ts';

test('a resource that is not there names itself in reason, message and metadata', () => {
  const error = notFound('join token', 'jt_1');
  expect(error).toBeInstanceOf(DomainError);
  expect(error).toMatchObject({
    kind: 'not-found',
    reason: 'JOIN_TOKEN_NOT_FOUND',
    message: 'There is no join token jt_1.',
    metadata: { resource: 'join_token', id: 'jt_1' },
  });
  expect(notFound('join_token', 'x').reason).toBe(notFound('join-token', 'x').reason);
});

test('an invalid field is named by its path', () => {
  expect(invalidField('inputs.size', 'must be at most 10')).toMatchObject({
    kind: 'invalid-argument',
    reason: 'INVALID_FIELD',
    fields: [{ field: 'inputs.size', description: 'must be at most 10' }],
  });
  expect(invalidField('id', 'wrong', 'INVALID_ID').reason).toBe('INVALID_ID');
});

test('the message of anything thrown is one line with its causes', () => {
  expect(messageOf(new Error('outer', { cause: new Error('inner\n  detail') }))).toBe('outer: inner detail');
  expect(messageOf(new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]))).toBe(
    'refused ::1, refused 127.0.0.1',
  );
  expect(messageOf('text')).toBe('text');
  expect(messageOf(undefined)).toBe('unknown error');
});

test('a cause that refers to itself ends', () => {
  const error = new Error('round');
  error.cause = error;
  expect(messageOf(error)).toBe('round');
});
