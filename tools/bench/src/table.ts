import { isReached, ratioOf, type Figure, type Goal, type Unit } from './result.ts';

const head = ['What', 'Measured', 'Beside it', 'Ratio', 'Goal', 'Reached'];
/** Columns of numbers, which end at the right. */
const right = [false, true, false, true, true, false];

/** The figures as lines whose columns line up. */
export function textTable(figures: readonly Figure[]): string {
  const rows = [head, ...figures.map(cellsOf)];
  const widths = widthsOf(rows);
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => padded(cell, i, widths))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

/** The figures as a Markdown table, padded so that its source lines up as well. */
export function markdownTable(figures: readonly Figure[]): string {
  const rows = figures.map(cellsOf);
  const widths = widthsOf([head, ...rows]).map((width) => Math.max(width, 3));
  const line = (cells: string[]) => `| ${cells.map((cell, i) => padded(cell, i, widths)).join(' | ')} |`;
  const rule = widths.map((width, i) => (right[i] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** A number as a person reads it: three digits, units with a space. */
export function amount(value: number, unit: Unit): string {
  // Kept results are JSON, where what is no number is null.
  if (!Number.isFinite(value)) return 'nothing';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return unit === '/s' ? `${value.toFixed(digits)}/s` : `${value.toFixed(digits)} ${unit}`.trimEnd();
}

function cellsOf(figure: Figure): string[] {
  const { what, value, unit, beside, goal } = figure;
  const ratio = ratioOf(figure);
  const reached = isReached(figure);
  return [
    what,
    amount(value, unit),
    beside ? `${beside.what}: ${amount(beside.value, unit)}` : '',
    ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
    goal ? goalText(goal, unit) : '',
    reached === undefined ? '' : reached ? 'yes' : 'no',
  ];
}

function goalText(goal: Goal, unit: Unit): string {
  const plain = (value: number) => (unit === '/s' ? `${value}/s` : `${value} ${unit}`.trimEnd());
  if ('most' in goal) return `≤ ${plain(goal.most)}`;
  return 'least' in goal ? `≥ ${plain(goal.least)}` : `≤ ${goal.mostTimes} ×`;
}

const widthsOf = (rows: string[][]): number[] =>
  head.map((_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)));

function padded(cell: string, column: number, widths: number[]): string {
  const width = widths[column] ?? 0;
  return right[column] ? cell.padStart(width) : cell.padEnd(width);
}
