import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createKeyring, parseKeyring } from './index.ts';

const first = { id: '2026-01', key: new Uint8Array(randomBytes(32)) };
const second = { id: '2026-07', key: new Uint8Array(randomBytes(32)) };
const ring = createKeyring([first], first.id);

test.each([['kubeconfig: ä'], [''], ['x'.repeat(100_000)]])('what was sealed opens again', (text) => {
  const blob = ring.seal(text, 'clu_1');
  expect(ring.openText(blob, 'clu_1')).toBe(text);
  expect(Buffer.from(blob).includes('kubeconfig')).toBe(false);
});

test('bytes stay bytes', () => {
  const bytes = new Uint8Array(randomBytes(1000));
  expect(Buffer.from(ring.open(ring.seal(bytes, 'a'), 'a')).equals(bytes)).toBe(true);
});

test('a value opens only for what it is bound to', () => {
  const blob = ring.seal('secret', 'clu_1');
  expect(() => ring.open(blob, 'clu_2')).toThrow(/belongs to something else/);
  expect(() => ring.rewrap(blob, 'clu_2')).toThrow(/belongs to something else/);
});

test('every changed byte is noticed', () => {
  const blob = ring.seal('secret', 'clu_1');
  for (let i = 0; i < blob.length; i += 1) {
    const changed = Uint8Array.from(blob);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(() => ring.open(changed, 'clu_1'), `byte ${i}`).toThrow(Error);
    expect(() => ring.open(blob.subarray(0, i), 'clu_1'), `cut at ${i}`).toThrow(Error);
  }
});

test('the same value twice looks different', () => {
  expect(Buffer.from(ring.seal('secret', 'a')).equals(ring.seal('secret', 'a'))).toBe(false);
});

test('rotation: the old key still opens, the new one seals, and after rewrapping the old one can go', () => {
  const old = ring.seal('secret', 'clu_1');
  const both = createKeyring([second, first], second.id);
  expect(both.isCurrent(old)).toBe(false);
  expect(both.openText(old, 'clu_1')).toBe('secret');

  const rewrapped = both.rewrap(old, 'clu_1');
  expect(both.isCurrent(rewrapped)).toBe(true);
  expect(both.isCurrent(both.seal('new', 'clu_1'))).toBe(true);

  const onlyNew = createKeyring([second], second.id);
  expect(onlyNew.openText(rewrapped, 'clu_1')).toBe('secret');
  expect(() => onlyNew.open(old, 'clu_1')).toThrow(/the key 2026-01, which is not configured/);
});

test('a key under the id of another opens nothing', () => {
  const impostor = createKeyring([{ id: first.id, key: second.key }], first.id);
  expect(() => impostor.open(ring.seal('secret', 'a'), 'a')).toThrow(/changed/);
});

test('a keyring is read from text; the first key is current', () => {
  const text = [second, first]
    .map(({ id, key }) => `${id}:${Buffer.from(key).toString('base64')}`)
    .join(', ');
  const parsed = parseKeyring(text);
  expect(parsed.openText(ring.seal('secret', 'a'), 'a')).toBe('secret');
  expect(createKeyring([second], second.id).openText(parsed.seal('new', 'a'), 'a')).toBe('new');
});

test.each([
  ['', /empty/],
  ['no-colon', /id:base64/],
  [`short:${Buffer.from('c2VjcmV0').toString('base64')}`, /must have 32 bytes/],
  ['id:not base64!', /not base64/],
  [`a:${Buffer.alloc(32, 7).toString('base64')},a:${Buffer.alloc(32, 8).toString('base64')}`, /twice/],
])('a wrong keyring says what is wrong and not the key', (text, message) => {
  expect(() => parseKeyring(text)).toThrow(message);
  const key = text.split(':')[1] ?? 'none';
  const error = (() => {
    try {
      return parseKeyring(text);
    } catch (thrown) {
      return String(thrown);
    }
  })();
  expect(error).not.toContain(key);
});
