import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRun } from './test-run/read-run.ts';
import { lastLine, printSummary } from './test-run/summary.ts';

let root: string;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'cnap-run-'))));
afterAll(() => rmSync(root, { recursive: true }));

const put = (path: string, value: unknown) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), JSON.stringify(value));
};
const report = (
  startTime: number,
  passed: number,
  failed: string[] = [],
  skipped = 0,
  brokenFile?: string,
) => ({
  startTime,
  numPassedTests: passed,
  numFailedTests: failed.length,
  numPendingTests: skipped,
  numTodoTests: 0,
  testResults: [
    {
      name: 'a.test.ts',
      status: failed.length > 0 ? 'failed' : 'passed',
      message: '',
      assertionResults: failed.map((fullName) => ({ fullName, status: 'failed' })),
    },
    ...(brokenFile ? [{ name: brokenFile, status: 'failed', message: 'syntax', assertionResults: [] }] : []),
  ],
});
const task = (directory: string, exitCode: number, name = 'test', status = 'MISS') => ({
  task: name,
  taskId: `x#${name}`,
  command: 'vitest run',
  directory,
  cache: { status },
  execution: { startTime: 1_000, endTime: 3_500, exitCode },
});

test('counts of all packages are summed, cached ones from the cache, dead ones as failed', async () => {
  put('.turbo/runs/one.json', {
    tasks: [
      task('packages/good', 0),
      task('packages/cached', 0, 'test', 'HIT'),
      task('packages/bad', 1),
      task('packages/dead', 1),
      task('packages/stray', 1),
      task('packages/empty', 0),
      { ...task('packages/good', 0, 'depends'), command: '<NONEXISTENT>' },
    ],
  });
  put('.turbo/runs/two.json', {
    tasks: [
      task('', 0, 'test:tools'),
      task('', 1, 'check:lint'),
      { ...task('packages/good', 0, 'depends'), command: '<NONEXISTENT>' },
    ],
  });
  put('packages/good/.turbo/tests.json', report(1_500, 3, [], 2));
  put('packages/cached/.turbo/tests.json', report(10, 5));
  put('packages/bad/.turbo/tests.json', report(1_500, 1, ['it works'], 0, 'b.test.ts'));
  put('packages/dead/.turbo/tests.json', report(10, 9)); // of an earlier run: this time it wrote none
  put('packages/stray/.turbo/tests.json', report(1_500, 4)); // an error outside of any test
  put('tools/.turbo/tests.json', report(1_500, 1));

  const results = await readRun(root);
  const lines: string[] = [];
  printSummary(results, (line) => lines.push(...line.split('\n')));
  expect(lines.filter(Boolean)).toEqual([
    'check:lint          2.5 s  FAILED',
    'packages/bad        2.5 s  1 passed, 2 failed, 0 skipped',
    'packages/cached    cached  5 passed, 0 failed, 0 skipped',
    'packages/dead       2.5 s  0 passed, 1 failed, 0 skipped',
    'packages/empty      2.5 s  0 passed, 0 failed, 0 skipped',
    'packages/good       2.5 s  3 passed, 0 failed, 2 skipped',
    'packages/stray      2.5 s  4 passed, 1 failed, 0 skipped',
    'tools               2.5 s  1 passed, 0 failed, 0 skipped',
    'failed:',
    '  check:lint: check:lint',
    '  packages/bad: it works',
    '  packages/bad: b.test.ts could not run',
    '  packages/dead: packages/dead: the run itself failed',
    '  packages/stray: packages/stray: the run itself failed',
  ]);
  expect(lastLine(results)).toBe('14 passed, 5 failed, 2 skipped');
});
