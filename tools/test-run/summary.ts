import type { TaskResult } from './read-run.ts';

/** Prints a line per package and check, and the names of what failed. */
export function printSummary(results: TaskResult[], print: (line: string) => void = console.log): void {
  const width = Math.max(...results.map(({ name }) => name.length), 0);
  print('');
  for (const { name, passed, failed, skipped, seconds, cached } of results) {
    const time = cached ? 'cached' : `${seconds.toFixed(1)} s`;
    const counts = name.startsWith('check:')
      ? failed === 0
        ? 'ok'
        : 'FAILED'
      : `${passed} passed, ${failed} failed, ${skipped} skipped`;
    print(`${name.padEnd(width)}  ${time.padStart(8)}  ${counts}`);
  }
  const failures = results.flatMap(({ name, failures: names }) => names.map((each) => `  ${name}: ${each}`));
  if (failures.length > 0) print(['', 'failed:', ...failures].join('\n'));
  print('');
}

/** The line that a run ends with, and that other programs read. */
export function lastLine(results: TaskResult[]): string {
  const sum = (key: 'passed' | 'failed' | 'skipped') => results.reduce((total, each) => total + each[key], 0);
  return `${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`;
}
