import type { DriftField } from '../database.ts';
import type { Compared } from '../kubernetes/port.ts';
import { shownPair } from '../release/shown-value.ts';

const fieldsAtMost = 100;

/** The fields that differ as people may see them: secrets masked, long values cut. */
export const shownFields = ({ ref, changes }: Compared, words: readonly string[]): DriftField[] =>
  changes.slice(0, fieldsAtMost).map(({ path, found, wanted, manager }) => {
    const shown = shownPair(ref.kind, path, { before: found, after: wanted }, words);
    return {
      path,
      ...(shown.before === undefined ? {} : { found: shown.before }),
      ...(shown.after === undefined ? {} : { wanted: shown.after }),
      manager,
    };
  });
