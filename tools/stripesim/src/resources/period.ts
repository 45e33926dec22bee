import type { Recurring } from './price.ts';

/** The anchor moved by `count` intervals; the 31st becomes the last day of a shorter month. Seconds, UTC. */
export function addIntervals(
  anchor: number,
  recurring: Pick<Recurring, 'interval' | 'interval_count'>,
  count: number,
): number {
  const steps = recurring.interval_count * count;
  const date = new Date(anchor * 1000);
  if (recurring.interval === 'day' || recurring.interval === 'week') {
    return anchor + steps * (recurring.interval === 'day' ? 86_400 : 7 * 86_400);
  }
  const months = steps * (recurring.interval === 'year' ? 12 : 1);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return Math.floor(date.getTime() / 1000);
}

/** The first end of a period after `start`, counted from the anchor so that a day is not lost in February. */
export function periodEnd(
  anchor: number,
  recurring: Pick<Recurring, 'interval' | 'interval_count'>,
  start: number,
): number {
  let count = 1;
  while (addIntervals(anchor, recurring, count) <= start) count += 1;
  return addIntervals(anchor, recurring, count);
}
