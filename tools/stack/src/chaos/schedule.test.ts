import { expect, test } from 'vitest';
import { faultKinds, scheduleOf, stories, victims } from './schedule.ts';

const short = { seed: 7, purchases: 20, lengthMs: 35_000 };
const full = { seed: 1, purchases: 200, lengthMs: 400_000 };

test('the same seed plans the same, another seed something else', () => {
  expect(scheduleOf(short)).toEqual(scheduleOf(short));
  expect(scheduleOf({ ...short, seed: 8 })).not.toEqual(scheduleOf(short));
});

test.each([short, full])('every kind of fault, $purchases purchases in time', (plan) => {
  const { faults, purchases } = scheduleOf(plan);
  const met = faultKinds.filter((kind) => faults.some(({ label }) => label.startsWith(kind)));
  expect(met).toEqual(faultKinds);
  expect(purchases).toHaveLength(plan.purchases);
  expect(new Set(purchases.map(({ story }) => story)).size).toBe(stories.length);
  for (const { atMs } of [...faults, ...purchases]) {
    expect(atMs).toBeGreaterThanOrEqual(0);
    expect(atMs).toBeLessThan(plan.lengthMs);
  }
});

test('over a long time everybody is killed and frozen', () => {
  const { faults } = scheduleOf(full);
  for (const does of ['kill', 'freeze'] as const) {
    const hit = new Set(faults.flatMap((fault) => (fault.do === does ? [fault.victim] : [])));
    expect([...hit].toSorted()).toEqual([...victims].toSorted());
  }
});
