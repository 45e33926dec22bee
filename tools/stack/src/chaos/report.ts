import { bold, dim, green, red, say } from '../console.ts';
import { percentile } from '../sale/table.ts';
import type { Violation } from './check.ts';
import type { Burnt } from './fire.ts';
import type { Refusal } from './insist.ts';
import type { Drawn } from './picture.ts';
import { stories } from './schedule.ts';

/** Columns that line up; all but the first are numbers. */
function tableOf(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** Each story: how many, where they ended, and how long from paid to settled. */
export function purchaseTable(purchases: readonly Drawn[]): string {
  const states = [...new Set(purchases.map(({ state }) => state))].toSorted();
  const rows = stories.map((story) => {
    const those = purchases.filter((each) => each.story === story);
    const times = those.flatMap(({ paidMs, settledMs }) =>
      paidMs === undefined || settledMs === undefined ? [] : [settledMs - paidMs],
    );
    const ended = states.map((state) => String(those.filter((each) => each.state === state).length));
    const longest = times.length === 0 ? '' : seconds(Math.max(...times));
    return [story, String(those.length), ...ended, seconds(percentile(times, 0.5)), longest];
  });
  return tableOf([['story', 'bought', ...states, 'p50', 'longest'], ...rows]);
}

/** What was done to whom. */
export function faultTable(burnt: readonly Burnt[]): string {
  const groups = Map.groupBy(burnt, ({ label, do: what }) =>
    what === 'kill' || what === 'freeze'
      ? what
      : label
          .split(' ')
          .slice(0, what === 'cut' ? 1 : 2)
          .join(' '),
  );
  const rows = [...groups]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([kind, those]) => {
      const longest = Math.max(...those.map(({ fromMs, toMs }) => toMs - fromMs));
      return [kind, String(those.length), seconds(longest)];
    });
  return tableOf([['fault', 'times', 'longest'], ...rows]);
}

/** Everything on the terminal. */
export function tell(result: {
  seed: number;
  repeat: string;
  purchases: readonly Drawn[];
  burnt: readonly Burnt[];
  refusals: readonly Refusal[];
  violations: readonly Violation[];
  settledMs: number;
  files: { picture: string; json: string };
}): void {
  const { purchases, burnt, refusals, violations, files } = result;
  say(`\n${purchaseTable(purchases)}\n\n${faultTable(burnt)}\n`);
  const refused = [...Map.groupBy(refusals, ({ code, text }) => (code === '' ? text : `${code}: ${text}`))];
  if (refused.length > 0) say(dim('what the buyers were told, and tried again:'));
  for (const [why, those] of refused.toSorted(([, a], [, b]) => b.length - a.length).slice(0, 8))
    say(dim(`${String(those.length).padStart(6)}  ${why.slice(0, 150)}`));
  say(`\ntimeline  ${files.picture}\nreport    ${files.json}\n`);
  for (const { rule, orderId, text } of violations.slice(0, 40))
    say(`${red('✗')} ${bold(rule)} ${orderId} ${text}`);
  if (violations.length > 40) say(`  … and ${violations.length - 40} more`);
  if (violations.length > 0)
    return say(`${red('✗')} ${violations.length} violations; again: ${result.repeat}`);
  return say(
    `${green('✓')} ${purchases.length} purchases, ${burnt.length} faults: none lost, none doubled, none captured in vain, nothing left behind; settled ${seconds(result.settledMs)} after the last fault`,
  );
}
