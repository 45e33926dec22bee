import { gzipSync } from 'node:zlib';

import { DomainError } from '@cnap/errors';
import { Header } from 'tar';
import { expect, test } from 'vitest';

import { readArchive, sourceLimits, writeArchive } from './archive.ts';
import { packChart, readChart } from './chart.ts';

type Entry = {
  path: string;
  type?: 'File' | 'SymbolicLink' | 'Link' | 'FIFO';
  linkpath?: string;
  content?: string;
};

function tgz(...entries: Entry[]): Uint8Array {
  const blocks = entries.flatMap(({ path, type, linkpath, content }) => {
    const header = new Header({
      path,
      type: type ?? 'File',
      ...(linkpath && { linkpath }),
      size: content?.length ?? 0,
      mode: 0o644,
    });
    header.encode();
    const data = Buffer.from(content ?? '');
    return [header.block ?? Buffer.alloc(0), data, Buffer.alloc(-data.length & 511)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function refusal(archive: Uint8Array, limits = sourceLimits): DomainError {
  try {
    readArchive(archive, limits);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

test.each<[string, Entry[]]>([
  ['leads outside', [{ path: '../evil', content: 'x' }]],
  ['leads outside', [{ path: 'a/../../evil', content: 'x' }]],
  ['leads outside', [{ path: '/etc/cron.d/evil', content: 'x' }]],
  ['leads outside', [{ path: 'C:/evil', content: 'x' }]],
  ['leads outside', [{ path: String.raw`a\..\evil`, content: 'x' }]],
  ['SymbolicLink', [{ path: 'a', type: 'SymbolicLink', linkpath: '/etc/passwd' }]],
  ['Link', [{ path: 'a', type: 'Link', linkpath: 'b' }]],
  ['FIFO', [{ path: 'a', type: 'FIFO' }]],
  [
    'twice',
    [
      { path: 'a', content: '1' },
      { path: './a', content: '2' },
    ],
  ],
  ['damaged', []],
])('%s: refused', (problem, entries) => {
  expect(refusal(tgz(...entries))).toMatchObject({
    reason: 'ARCHIVE_INVALID',
    message: expect.stringContaining(problem),
  });
});

test('bombs and oversized archives are refused before they are unpacked', () => {
  const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
  expect(refusal(bomb, { maxBytes: 1e6, maxUnpackedBytes: 1e6, maxEntries: 10 }).reason).toBe(
    'ARCHIVE_TOO_LARGE',
  );
  expect(refusal(bomb, { ...sourceLimits, maxBytes: 100 }).reason).toBe('ARCHIVE_TOO_LARGE');
  const many = tgz(...Array.from({ length: 11 }, (_, index) => ({ path: `f${index}`, content: 'x' })));
  expect(refusal(many, { ...sourceLimits, maxEntries: 10 }).message).toContain('more than 10 entries');
});

test.each([
  Buffer.from('<html>'),
  Buffer.alloc(0),
  gzipSync('not a tar at all'.repeat(100)),
  tgz({ path: 'a', content: 'x' }).subarray(0, 40),
])('%#: what is no archive is refused', (bytes) => {
  expect(refusal(bytes).reason).toBe('ARCHIVE_INVALID');
});

test('the same files give the same bytes, in whatever order, and can be read again', () => {
  const long = `${'deep/'.repeat(60)}file.yaml`;
  const files: [string, string][] = [
    ['b/ü.txt', 'süß'],
    ['a', ''],
    [long, 'x'.repeat(1000)],
  ];
  const first = writeArchive(files);
  expect(Buffer.from(writeArchive(files.toReversed())).equals(first)).toBe(true);
  expect([...readArchive(first)].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])).toEqual([
    ['a', ''],
    ['b/ü.txt', 'süß'],
    [long, 'x'.repeat(1000)],
  ]);
});

const chartYaml = `apiVersion: v2
name: demo
version: 1.2.3
appVersion: 7
kubeVersion: ">=1.30"
dependencies:
- { name: redis, version: ^1, repository: "https://charts.example.com", alias: cache, condition: cache.enabled }
`;

test('reads what a chart says about itself', () => {
  const inner = packChart({ files: { 'Chart.yaml': 'name: redis\nversion: 1.0.1\n' } });
  const chart = readChart(
    packChart({
      files: {
        'Chart.yaml': chartYaml,
        'values.yaml': 'mode: 0755 # octal\n',
        'values.schema.json': '{"type":"object"}',
        'README.md': '# Demo',
        'charts/redis-1.0.1.tgz': inner,
        'charts/lib/Chart.yaml': 'name: lib\nversion: 0.1.0\ntype: library\n',
      },
    }),
  );
  expect(chart).toMatchObject({
    name: 'demo',
    version: '1.2.3',
    appVersion: '7',
    kubeVersion: '>=1.30',
    type: 'application',
    dependencies: [
      {
        name: 'redis',
        version: '^1',
        repository: 'https://charts.example.com',
        alias: 'cache',
        condition: 'cache.enabled',
      },
    ],
    bundled: [
      { name: 'lib', version: '0.1.0' },
      { name: 'redis', version: '1.0.1' },
    ],
    values: { mode: 0o755 },
    valuesSchema: { type: 'object' },
    readme: '# Demo',
  });
});

test.each<[string, Record<string, string>]>([
  ['no Chart.yaml', { 'values.yaml': '' }],
  ['no usable name', { 'Chart.yaml': 'name: ../x\nversion: 1.0.0' }],
  ['no usable version', { 'Chart.yaml': 'name: x\nversion: latest' }],
  [
    'values.yaml is not valid YAML, line 3: ',
    { 'Chart.yaml': 'name: x\nversion: 1.0.0', 'values.yaml': 'a: 1\nb: [\n' },
  ],
  ['values.yaml does not hold an object', { 'Chart.yaml': 'name: x\nversion: 1.0.0', 'values.yaml': '- 1' }],
  [
    'values.schema.json is not valid JSON',
    { 'Chart.yaml': 'name: x\nversion: 1.0.0', 'values.schema.json': '{' },
  ],
  ['dependencies is not a list', { 'Chart.yaml': 'name: x\nversion: 1.0.0\ndependencies: 3' }],
])('%s: refused', (problem, files) => {
  const entries = Object.entries(files).map(([path, text]): [string, string] => [`x/${path}`, text]);
  expect(() => readChart(writeArchive(entries))).toThrow(problem);
});
