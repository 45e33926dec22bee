/** What became of the requests of one method. */
export type Row = {
  name: string;
  tried: number;
  accepted: number;
  codes: Record<string, number>;
  /** What should not have been, each with the request. */
  wrong: string[];
};

/** In the first quarter a program compiles and fills its pools; after that what is kept of requests adds up in each. */
const keptPerQuarterMb = 20;
/** What it has moves up and down with its garbage, but not so far. */
const allowedGrowthMb = 150;

/**
 * The table of methods, the memory of the programs, and how many methods and programs failed.
 * @param memory in MB by program, after each quarter of the requests
 */
export function reportText(
  rows: readonly Row[],
  memory: readonly Record<string, number>[],
): { text: string; failures: number } {
  const width = Math.max(...rows.map(({ name }) => name.length), 6);
  const lines = rows.map(({ name, tried, accepted, codes, wrong }) => {
    const counts = Object.entries(codes)
      .toSorted(([, a], [, b]) => b - a)
      .map(([code, count]) => `${code} ${count}`)
      .join(', ');
    return `${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(width)} ${String(tried).padStart(6)} ${String(accepted).padStart(6)}  ${counts}`;
  });
  const wrong = rows.flatMap(({ name, wrong: found }) => found.slice(0, 3).map((each) => `${name} ${each}`));
  const programs = Object.keys(memory.at(-1) ?? {});
  const quartersOf = (name: string) => memory.map((quarter) => quarter[name] ?? 0);
  const grown = programs.filter((name) => {
    const later = quartersOf(name).slice(1);
    const steps = later.slice(1).map((mb, index) => mb - (later[index] ?? 0));
    const growth = steps.reduce((sum, step) => sum + step, 0);
    return steps.every((step) => step > keptPerQuarterMb) || growth > allowedGrowthMb;
  });
  const total = rows.reduce((sum, { tried }) => sum + tried, 0);
  return {
    failures: rows.filter((row) => row.wrong.length > 0).length + grown.length,
    text: [
      `       ${'method'.padEnd(width)}  tried  taken  answers`,
      ...lines,
      ...wrong,
      `${total} bad requests, ${rows.length} methods and operations`,
      'memory after each quarter, MB:',
      ...programs.map((name) => `  ${name.padEnd(10)} ${quartersOf(name).join(' → ')}`),
      ...grown.map((name) => `FAILED the memory of ${name} grows`),
    ].join('\n'),
  };
}
