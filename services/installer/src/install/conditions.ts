import type { Condition, InstallRow } from '../database.ts';

/** The conditions of an install with one of them set; its time moves only when it changes. */
export function withCondition(
  row: Pick<InstallRow, 'conditions'>,
  type: Condition['type'],
  met: boolean,
  reason: string,
  message: string,
  now = new Date(),
): string {
  const before = row.conditions.find((condition) => condition.type === type);
  const time = before?.met === met && before.reason === reason ? before.time : now.toISOString();
  const others = row.conditions.filter((condition) => condition.type !== type);
  return JSON.stringify([...others, { type, met, reason, message, time }]);
}
