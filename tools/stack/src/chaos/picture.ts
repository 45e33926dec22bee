import { victims, type Story } from './schedule.ts';
import type { Burnt } from './fire.ts';

/** A purchase as it is drawn. Times are milliseconds since the start. */
export type Drawn = {
  index: number;
  story: Story;
  paidMs: number | undefined;
  settledMs: number | undefined;
  doneMs: number | undefined;
  /** Where its order ended, `FULFILLED`. */
  state: string;
  hasViolation: boolean;
};

export type Timeline = {
  seed: number;
  endMs: number;
  /** When the faults had stopped. */
  calmMs: number;
  burnt: readonly Burnt[];
  purchases: readonly Drawn[];
  violations: number;
};

const width = 1_200;
const left = 86;
const right = 14;
const top = 78;
const laneHeight = 20;
const mostForPurchases = 620;

const colours = {
  kill: '#c62828',
  freeze: '#1e88e5',
  cut: '#f9a825',
  simulator: '#8e24aa',
  FULFILLED: '#2e7d32',
  ENDED: '#607d8b',
  REFUNDED: '#ef6c00',
  EXPIRED: '#a1887f',
  violation: '#d50000',
} as const;

/** The run as a picture: processes with what was done to them, and every purchase from paid to settled. */
export function pictureOf(timeline: Timeline): string {
  const { endMs, calmMs, burnt, seed, violations } = timeline;
  const purchases = timeline.purchases.toSorted(
    (a, b) => (a.paidMs ?? Number.POSITIVE_INFINITY) - (b.paidMs ?? Number.POSITIVE_INFINITY),
  );
  const x = (ms: number) => round(left + (ms / endMs) * (width - left - right));
  const lanesEnd = top + victims.length * laneHeight;
  const row = Math.min(12, mostForPurchases / Math.max(1, purchases.length));
  const purchasesTop = lanesEnd + 26;
  const bottom = round(purchasesTop + purchases.length * row);
  const height = bottom + 34;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" fill="#37474f">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="22" font-size="16" fill="#212121">${purchases.length} purchases under fire, seed ${seed}: ${violations === 0 ? 'none lost, none doubled' : `${violations} violations`}</text>`,
    legend(burnt),
    `<rect x="${x(calmMs)}" y="${top}" width="${round(width - right - x(calmMs))}" height="${bottom - top}" fill="#f1f8e9"/>`,
    `<text x="${x(calmMs) + 3}" y="${bottom - 4}" fill="#689f38">calm</text>`,
    ...ticks(endMs).map(
      (ms) =>
        `<path d="M${x(ms)} ${top}V${bottom}" stroke="#eceff1"/><text x="${x(ms)}" y="${bottom + 15}" text-anchor="middle">${ms / 1_000} s</text>`,
    ),
    ...victims.map(
      (victim, index) =>
        `<text x="${left - 6}" y="${top + index * laneHeight + 14}" text-anchor="end">${victim}</text><path d="M${left} ${top + (index + 1) * laneHeight}H${width - right}" stroke="#eceff1"/>`,
    ),
    ...burnt.flatMap((each) => marksOf(each, x)),
    `<text x="${left}" y="${purchasesTop - 8}">purchases, from paid to delivered or given back; a dot where an update, rollback or end was done</text>`,
    `<g stroke-width="${round(Math.max(1, row * 0.6))}">`,
    ...purchases.map((purchase, index) =>
      lineOf(purchase, { y: round(purchasesTop + (index + 0.5) * row), x, endMs }),
    ),
    '</g></svg>\n',
  ].join('\n');
}

const round = (value: number) => Math.round(value * 10) / 10;

function marksOf({ label, do: what, lanes, fromMs, toMs }: Burnt, x: (ms: number) => number): string[] {
  return lanes.map((lane) => {
    const y = top + victims.indexOf(lane) * laneHeight;
    const title = `<title>${escaped(label)}, ${(fromMs / 1_000).toFixed(1)} s</title>`;
    const long = Math.max(2, round(x(toMs) - x(fromMs)));
    if (what === 'kill') {
      // the bar lasts until another process has taken its place
      return `<g fill="${colours.kill}"><rect x="${x(fromMs)}" y="${y + 8}" width="${long}" height="4" opacity=".35"/><path d="M${x(fromMs) - 4} ${y + 6}l4 4l4 -4v1l-3.5 3.5l3.5 3.5v1l-4 -4l-4 4v-1l3.5 -3.5l-3.5 -3.5z" stroke="${colours.kill}"/>${title}</g>`;
    }
    const [colour, at, high] =
      what === 'freeze'
        ? [colours.freeze, 3, 6]
        : what === 'cut'
          ? [colours.cut, 10, 3]
          : [colours.simulator, 14, 3];
    return `<rect x="${x(fromMs)}" y="${y + at}" width="${long}" height="${high}" fill="${colour}" opacity=".8">${title}</rect>`;
  });
}

function lineOf(
  { index, story, paidMs, settledMs, doneMs, state, hasViolation }: Drawn,
  { y, x, endMs }: { y: number; x: (ms: number) => number; endMs: number },
): string {
  if (paidMs === undefined) return '';
  const colour = hasViolation
    ? colours.violation
    : (colours[state as keyof typeof colours] ?? colours.violation);
  const end = settledMs ?? endMs;
  const seconds = ((end - paidMs) / 1_000).toFixed(1);
  const dot =
    doneMs !== undefined && (story === 'update' || story === 'rollback' || story === 'end')
      ? `<circle cx="${x(doneMs)}" cy="${y}" r="1.6" fill="${colour}" stroke="none"/>`
      : '';
  const length = Math.max(1.5, round(x(end) - x(paidMs)));
  return `<path d="M${x(paidMs)} ${y}h${length}" stroke="${colour}"><title>${index} ${story}: ${state} after ${seconds} s</title></path>${dot}`;
}

function legend(burnt: readonly Burnt[]): string {
  const count = (...what: Burnt['do'][]) => burnt.filter((each) => what.includes(each.do)).length;
  const entries: [string, string][] = [
    [colours.kill, `${count('kill')} kill -9, until up again`],
    [colours.freeze, `${count('freeze')} frozen`],
    [colours.cut, `${count('cut')} cut off`],
    [
      colours.simulator,
      `${count('cluster-fault', 'drop-watches', 'expire-history', 'stripe-fault')} faults of kubesim and stripesim`,
    ],
    [colours.FULFILLED, 'running'],
    [colours.ENDED, 'ended'],
    [colours.REFUNDED, 'refunded'],
    [colours.violation, 'violation'],
  ];
  let at = left;
  return entries
    .map(([colour, text]) => {
      const part = `<rect x="${at}" y="42" width="10" height="10" fill="${colour}"/><text x="${at + 15}" y="51">${text}</text>`;
      at += 34 + text.length * 6;
      return part;
    })
    .join('');
}

function ticks(endMs: number): number[] {
  const step = [5, 10, 20, 30, 60, 120].find((seconds) => endMs / 1_000 / seconds <= 16) ?? 300;
  return Array.from({ length: Math.floor(endMs / 1_000 / step) + 1 }, (_, index) => index * step * 1_000);
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
