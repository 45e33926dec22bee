import { expect, test } from 'vitest';
import { entriesOf } from './index-file.ts';

const index = `apiVersion: v1
entries:
  alpine:
  - digest: sha256:AAAA
    name: alpine
    urls:
    - alpine-0.1.0.tgz
    version: 0.1.0
  - name: alpine
    description: |
      text
        nginx:
    urls: [https://example.test/alpine-0.2.0.tgz]
    version: 0.2.0
  nginx:
    - digest: bb
      urls:
        - nginx-1.tgz
      version: "1.0"
generated: "2026-01-01"
`;

test('reads the versions of one chart', () => {
  expect(entriesOf(index, 'alpine')).toEqual([
    { version: '0.1.0', urls: ['alpine-0.1.0.tgz'], digest: 'aaaa' },
    { version: '0.2.0', urls: ['https://example.test/alpine-0.2.0.tgz'], digest: undefined },
  ]);
  expect(entriesOf(index, 'nginx')).toEqual([{ version: '1.0', urls: ['nginx-1.tgz'], digest: 'bb' }]);
  expect(entriesOf(index, 'other')).toEqual([]);
});

test('reads an index that is JSON', () => {
  const json = JSON.stringify({ entries: { a: [{ version: '1.0.0', urls: ['a.tgz'] }] } });
  expect(entriesOf(json, 'a')).toHaveLength(1);
  expect(entriesOf(json, 'toString')).toEqual([]);
});

test('finds one chart among fifty thousand versions without reading the others', () => {
  const many = Array.from(
    { length: 50_000 },
    (_, n) =>
      `  chart-${n}:\n  - digest: ${'0'.repeat(64)}\n    urls:\n    - chart-${n}.tgz\n    version: 1.0.${n}\n`,
  ).join('');
  expect(entriesOf(`apiVersion: v1\nentries:\n${many}generated: now\n`, 'chart-49999')[0]?.version).toBe(
    '1.0.49999',
  );
});

test.each([
  ['', 'empty'],
  ['<!doctype html><html>', 'web page'],
  ['just text', 'not an index'],
  ['a: b', 'no entries'],
  ['entries: [', 'not valid YAML'],
  ['entries:\n  a: text', 'list of versions'],
  ['entries:\n  a:\n    b: text', 'list of versions'],
])('%j is refused: %s', (text, why) => {
  expect(() => entriesOf(text, 'a')).toThrow(why);
});
