import type { DriftField } from '../database.ts';
import type { Compared } from '../kubernetes/port.ts';
import { maskAt } from '../release/masking.ts';

const fieldsAtMost = 100;
const charactersAtMost = 2_000;

/** The fields that differ as people may see them: secrets masked, long values cut. */
export const shownFields = ({ ref, changes }: Compared, words: readonly string[]): DriftField[] =>
  changes.slice(0, fieldsAtMost).map(({ path, found, wanted, manager }) => ({
    path,
    ...(found === undefined ? {} : { found: shownValue(maskAt(ref.kind, path, found, words)) }),
    ...(wanted === undefined ? {} : { wanted: shownValue(maskAt(ref.kind, path, wanted, words)) }),
    manager,
  }));

/** Text as it is, anything else as JSON. */
export function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > charactersAtMost ? `${text.slice(0, charactersAtMost)}…` : text;
}
