import { expect, test } from 'vitest';
import { parseJson } from './json-text.ts';

const parse = (text: string) => parseJson(Buffer.from(text));

test('JSON is parsed', () => {
  const text =
    '{"a": [1, {"b": "}\\"{,"}, {"b": 2}], "c": {"a": null}, "\\u0064": "a", "e": ["a", "a"], "": {}}';
  expect(parse(text)).toEqual(JSON.parse(text));
  expect(parse('"text, with: {a"')).toBe('text, with: {a');
});

test.each([
  ['{"a": 1, "a": 2}', 'JSON_DUPLICATE_KEY'],
  ['{"a": 1, "\\u0061": 2}', 'JSON_DUPLICATE_KEY'],
  ['[{"x": {"b": [], "c": {"b": 1}, "b": 2}}]', 'JSON_DUPLICATE_KEY'],
  ['{"a": }', 'JSON_INVALID'],
  ['{"a": 1} x', 'JSON_INVALID'],
  ['', 'JSON_INVALID'],
  ["{'a': 1}", 'JSON_INVALID'],
  ['['.repeat(100_000) + ']'.repeat(100_000), 'JSON_TOO_DEEP'],
  [`${'{"a":'.repeat(50)}1${'}'.repeat(50)}`, 'JSON_TOO_DEEP'],
])('400: %#', (text, reason) => {
  expect(() => parse(text)).toThrowError(
    expect.objectContaining({ status: 400, error: expect.objectContaining({ details: { reason } }) }),
  );
});

test('what is no UTF-8 is refused', () => {
  expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrowError('not UTF-8');
});
