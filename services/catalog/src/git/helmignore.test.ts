import { expect, test } from 'vitest';
import { compileGlob } from './glob.ts';
import { withoutIgnored } from './helmignore.ts';

const kept = (ignore: string, ...paths: string[]) => {
  const files = [['.helmignore', ignore] as const, ...paths.map((path) => [path, ''] as const)];
  const result = withoutIgnored(new Map(files.map(([path, text]) => [path, Buffer.from(text)])));
  return [...result.keys()].filter((path) => path !== '.helmignore');
};

test.each([
  ['*.md', ['a.md', 'b/c.md', 'a.txt'], ['a.txt']],
  ['/a.md', ['a.md', 'b/a.md'], ['b/a.md']],
  ['ci/', ['ci/values.yaml', 'deep/ci/x', 'ci.yaml'], ['ci.yaml']],
  ['docs/*.png', ['docs/a.png', 'docs/b/a.png'], ['docs/b/a.png']],
  ['# nothing\n\n  a?c \n[x-z].txt', ['abc', 'ac', 'y.txt', 'a.txt'], ['ac', 'a.txt']],
  ['*', ['Chart.yaml', 'values.yaml'], ['Chart.yaml']],
  ['a/**', ['a/b'], ['a/b']],
  ['', ['templates/.DS_Store', 'templates/a.yaml', '.hidden'], ['templates/a.yaml', '.hidden']],
])('%j leaves out what it names', (ignore, paths, left) => {
  expect(kept(ignore, ...paths)).toEqual(left);
});

test('no pattern takes long', () => {
  const matches = compileGlob(`${'*a'.repeat(40)}b`);
  expect(matches('a'.repeat(250))).toBe(false);
  expect(matches(`${'a'.repeat(250)}b`)).toBe(true);
});
