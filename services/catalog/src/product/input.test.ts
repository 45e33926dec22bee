import { expect, test } from 'vitest';
import type { JsonObject, ProductInput } from '../database.ts';
import { buyerSchema, checkInputs, checkOutputs, checkValues } from './input.ts';

const input = (name: string, change: Partial<ProductInput> = {}): ProductInput => ({
  name,
  sourceAlias: '',
  path: `app.${name}`,
  schema: { type: 'string' },
  required: false,
  secret: false,
  fill: 'buyer',
  group: '',
  ...change,
});
const refused = (field: string) =>
  expect.objectContaining({ reason: 'INPUT_INVALID', fields: [expect.objectContaining({ field })] });

test('the schema of the buyer holds what the buyer answers, in order and in groups', () => {
  const inputs = [
    input('title', {
      schema: { type: 'string', title: 'Title', maxLength: 50 },
      required: true,
      group: 'Looks',
    }),
    input('password', { fill: 'password' }),
    input('key', { secret: true }),
  ];
  checkInputs(inputs, ['shop']);
  expect(buyerSchema(inputs)).toEqual({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      title: { type: 'string', title: 'Title', maxLength: 50, 'x-order': 0, 'x-group': 'Looks' },
      key: { type: 'string', 'x-order': 1, writeOnly: true },
    },
    required: ['title'],
    additionalProperties: false,
  });
});

test.each<[ProductInput[], string[], string]>([
  [[input('a'), input('a', { path: 'b' })], ['shop'], 'inputs[1].name'],
  [[input('a')], ['shop', 'db'], 'inputs[0].source_alias'],
  [[input('a', { sourceAlias: 'cache' })], ['shop', 'db'], 'inputs[0].source_alias'],
  [[input('a', { path: 'a..b' })], ['shop'], 'inputs[0].path'],
  [[input('a', { path: '.a' })], ['shop'], 'inputs[0].path'],
  [[input('a', { path: 'a b' })], ['shop'], 'inputs[0].path'],
  [[input('a', { path: 'a.__proto__.b' })], ['shop'], 'inputs[0].path'],
  [[input('a', { path: 'x' }), input('b', { path: 'x.y' })], ['shop'], 'inputs[1].path'],
])('inputs %# are refused', (inputs, aliases, field) => {
  expect(() => checkInputs(inputs, aliases)).toThrow(refused(field));
});

test.each<[JsonObject]>([
  [{ type: 'text' }],
  [{ type: 'string', maxLength: -1 }],
  [{ type: 'string', pattern: '(' }],
  [{ patternProperties: { '[': {} } }],
  [{ properties: { a: { minimum: '1' } } }],
  [{ $ref: 'https://example.test/schema.json' }],
  [{ $ref: '#/$defs/missing' }],
  [{ $schema: 'http://json-schema.org/draft-07/schema#' }],
  [{ type: 'string', default: 1 }],
  [{ items: [{ type: 'string' }] }],
  [{ required: 'a' }],
])('the schema %j is refused', (schema) => {
  expect(() => checkInputs([input('a', { schema })], ['shop'])).toThrow(refused('inputs[0].schema'));
});

test.each<[JsonObject]>([
  [{}],
  [{ type: 'integer', minimum: 1, maximum: 10, default: 3, 'x-unit': 'GB' }],
  [{ enum: ['small', 'large'], default: 'small' }],
  [{ type: 'object', properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: { type: ['string', 'null'] } } }],
  [{ type: 'array', prefixItems: [true], items: false, uniqueItems: true }],
  // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
  [{ if: { const: 1 }, then: {}, else: false, anyOf: [{ type: 'number' }, { format: 'email' }] }],
])('the schema %j is accepted', (schema) => {
  expect(() => checkInputs([input('a', { schema })], ['shop'])).not.toThrow();
});

test('values and outputs name what there is', () => {
  expect(() => checkValues({ shop: { a: 1 } }, ['shop'])).not.toThrow();
  expect(() => checkValues({ db: {} }, ['shop'])).toThrow(refused('values.db'));
  expect(() => checkValues({ shop: 1 }, ['shop'])).toThrow(refused('values.shop'));
  const output = (kind: 'text' | 'secretKey', value: string) => [
    { title: 'x', from: { case: kind, value }, secret: false },
  ];
  expect(() =>
    checkOutputs(output('text', 'https://{{host}}/{{ inputs.a }}?{{namespace}}'), [input('a')]),
  ).not.toThrow();
  expect(() => checkOutputs(output('text', '{{inputs.b}}'), [input('a')])).toThrow(
    refused('outputs[0].text'),
  );
  expect(() => checkOutputs(output('secretKey', 'RELEASE-db/password'), [])).not.toThrow();
  expect(() => checkOutputs(output('secretKey', 'password'), [])).toThrow(refused('outputs[0].secret_key'));
});
