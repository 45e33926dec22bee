import { steps, type Purchase } from './buy.ts';

/** Nearest-rank percentile of unsorted numbers. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** p50 and p95 of each step over all purchases that did it, in milliseconds. */
export function summary(
  purchases: readonly Purchase[],
): { step: string; count: number; p50: number; p95: number }[] {
  const rows = steps.map((step) => ({
    step: step as string,
    times: purchases.flatMap(({ ms }) => ms[step] ?? []),
  }));
  const totals = purchases
    .filter((purchase) => purchase.error === undefined)
    .map(({ ms }) => Object.values(ms).reduce((sum, one) => sum + one, 0));
  return [...rows, { step: 'all', times: totals }]
    .filter(({ times }) => times.length > 0)
    .map(({ step, times }) => ({
      step,
      count: times.length,
      p50: percentile(times, 0.5),
      p95: percentile(times, 0.95),
    }));
}

/** The summary as a table whose columns line up. */
export function table(purchases: readonly Purchase[]): string {
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  const rows = [
    ['step', 'count', 'p50', 'p95'],
    ...summary(purchases).map(({ step, count, p50, p95 }) => [step, String(count), ms(p50), ms(p95)]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
