import { expect, test } from 'vitest';
import { reportText } from './report.ts';

const failuresOf = (quarters: number[]) =>
  reportText(
    [],
    quarters.map((mb) => ({ gateway: mb })),
  ).failures;

test.each([
  ['as it was', [150, 180, 180, 179], 0],
  ['a step that stays', [176, 198, 255, 259], 0],
  ['up and down', [120, 200, 140, 210], 0],
  ['something of each request', [354, 503, 676, 837], 1],
  ['a little of each request', [120, 150, 175, 200], 1],
  ['all at once', [120, 130, 900, 880], 1],
])('memory: %s', (_, quarters, failures) => {
  expect(failuresOf(quarters)).toBe(failures);
});
