import type { Condition, InstallRow } from '../database.ts';
import type { Waited, Waiting } from '../kubernetes/port.ts';
import { withCondition } from './conditions.ts';
import type { Found } from './steps.ts';

/** Words for people are no list of everything. */
const shownAtMost = 10;

const sentence = (waiting: readonly Waiting[]): string => {
  const messages = [...new Set(waiting.map(({ message }) => message))];
  const more = messages.length > shownAtMost ? `; and ${messages.length - shownAtMost} more` : '';
  return messages.slice(0, shownAtMost).join('; ') + more;
};

/** Since when what is to go in this step has been waited for. */
export const waitedIn = ({ step_at: since, conditions }: InstallRow): Waited => ({
  since,
  told: conditions.find(({ type }) => type === 'FinalizersRemoved')?.message ?? '',
});

/**
 * Why a removal waits, in words, and in the conditions: what holds it by name, and what was not waited for any longer.
 * @param otherwise what is said when nothing is known to hold it
 */
export function heldUp(
  row: InstallRow,
  { waiting, forced }: { waiting: readonly Waiting[]; forced: readonly Waiting[] },
  otherwise: string,
): { why: string; change?: NonNullable<Found['change']> } {
  const why = sentence(waiting) || otherwise;
  const [first] = waiting;
  const news: [Condition['type'], boolean, string, string][] = [
    ...(first ? [['Removed', false, first.reason, why] as [string, boolean, string, string]] : []),
    ...(forced.length > 0
      ? [
          ['FinalizersRemoved', true, 'Overdue', `${sentence(forced)}: nobody let go of it in time.`] as [
            string,
            boolean,
            string,
            string,
          ],
        ]
      : []),
  ];
  let { conditions } = row;
  for (const [type, met, reason, message] of news) {
    const same = conditions.find((one) => one.type === type && one.met === met && one.message === message);
    if (!same)
      conditions = JSON.parse(withCondition({ conditions }, type, met, reason, message)) as Condition[];
  }
  return conditions === row.conditions
    ? { why }
    : { why, change: { conditions: JSON.stringify(conditions) } };
}
