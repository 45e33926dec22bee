/** What became of the requests of one method. */
export type Row = {
  name: string;
  tried: number;
  accepted: number;
  codes: Record<string, number>;
  /** What should not have been, each with the request. */
  wrong: string[];
};

/** Growth that no number of bad requests explains. */
const allowedGrowthMb = 120;

/** The table of methods, the memory of the programs, and how many methods and programs failed. */
export function reportText(
  rows: readonly Row[],
  settled: Record<string, number>,
  atEnd: Record<string, number>,
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
  const memory = Object.entries(atEnd).map(([name, mb]) => `${name} ${settled[name] ?? 0} → ${mb} MB`);
  const grown = Object.entries(atEnd).filter(([name, mb]) => mb > (settled[name] ?? 0) + allowedGrowthMb);
  const total = rows.reduce((sum, { tried }) => sum + tried, 0);
  return {
    failures: rows.filter((row) => row.wrong.length > 0).length + grown.length,
    text: [
      `       ${'method'.padEnd(width)}  tried  taken  answers`,
      ...lines,
      ...wrong,
      `${total} bad requests, ${rows.length} methods and operations`,
      `memory: ${memory.join(', ')}`,
      ...grown.map(([name]) => `FAILED the memory of ${name} grows`),
    ].join('\n'),
  };
}
