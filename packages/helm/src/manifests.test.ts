import { expect, test } from 'vitest';

import { carryOver, generatedFields } from './generated.ts';
import { parseManifests } from './manifests.ts';
import { readYaml } from './yaml.ts';

// What Helm 4.2 makes of the same text with `fromYaml | toJson`, which is the library that Kubernetes uses.
test.each<[string, unknown]>([
  ['0755', 493],
  ['0o755', 493],
  ['0x1F', 31],
  ['1_000', 1000],
  ['yes', true],
  ['Off', false],
  ['22:22', '22:22'],
  ['1:30:00.5', '1:30:00.5'],
  ['2026-01-01', '2026-01-01'],
  ['1e3', 1000],
  ['~', null],
  ['"0755"', '0755'],
  ['1.10', 1.1],
  ['y', true],
  ['08', 8],
  ['0b11', 3],
  ['-0x1f', -31],
  ['1_0.5', 10.5],
  ['0o9', '0o9'],
  ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
  ['!!binary aGVsbG8=', 'hello'],
  ['=', '='],
])('%s is read as Kubernetes reads it', (text, value) => {
  expect(readYaml(`a: ${text}`)).toEqual([{ a: value }]);
});

test('merge keys and doubled keys are taken as Kubernetes takes them', () => {
  expect(readYaml('a: &x { b: 1 }\nc: { <<: *x, d: 2 }\ne: 1\ne: 2')).toEqual([
    { a: { b: 1 }, c: { b: 1, d: 2 }, e: 2 },
  ]);
});

test('a bomb of aliases is refused', () => {
  const levels = [
    'a0: &a0 [x, x]',
    ...Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`),
  ];
  expect(() => parseManifests(levels.join('\n'))).toThrow('alias');
});

test('literal manifests keep {{ and name the line of a mistake', () => {
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n  a: "{{ literal }}"\n';
  expect(parseManifests(text)[0]?.object['data']).toEqual({ a: '{{ literal }}' });
  expect(() => parseManifests(`${text}---\nkind: A\nb: [\n`)).toThrow(/line 9: not valid YAML/);
  expect(() => parseManifests('a: 1', 'my.yaml')).toThrow('my.yaml: an object has no apiVersion and kind');
  expect(() => parseManifests('apiVersion: v1\nkind: Pod\nmetadata: {}')).toThrow(
    'a Pod has no metadata.name',
  );
  expect(() => parseManifests('text')).toThrow('not an object');
});

test('generated fields are found and carried over', () => {
  const secret = (password: string, extra: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', annotations: { 'a/b~c': password } },
    data: { password, fixed: '1', ...extra },
  });
  const fields = generatedFields([secret('one')], [secret('two')]);
  expect(fields.map(({ pointer }) => pointer)).toEqual(['/metadata/annotations/a~1b~0c', '/data/password']);
  expect(carryOver([secret('new', { added: '2' })], [secret('old')], fields)).toEqual([
    secret('old', { added: '2' }),
  ]);
  expect(carryOver([secret('new')], [], fields)).toEqual([secret('new')]);
});
