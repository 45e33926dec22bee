import type { DomainError } from '@cnap/errors';
import { expect, test } from 'vitest';
import { refuseBadAnswers } from './answers.ts';

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['title'],
  properties: {
    title: { type: 'string', maxLength: 5 },
    app: { type: 'object', properties: { 'a/b': { type: 'integer' } } },
  },
};
function fieldsOf(answers: Record<string, unknown>): string[] {
  try {
    refuseBadAnswers(schema, answers);
  } catch (error) {
    return (error as DomainError).fields.map(({ field }) => field);
  }
  return [];
}

test.each([
  [{ title: 'Hi', app: { 'a/b': 1 } }, []],
  [{}, ['inputs.title']],
  [{ title: 'too long' }, ['inputs.title']],
  [{ title: 'Hi', app: { 'a/b': 'x' } }, ['inputs.app.a/b']],
  [{ title: 'Hi', other: 1 }, ['inputs.other']],
  [{ title: '{{x' }, ['inputs.title']],
  [{ title: 'x'.repeat(256 * 1024) }, ['inputs']],
])('%o', (answers, fields) => {
  expect(fieldsOf(answers)).toEqual(fields);
});
