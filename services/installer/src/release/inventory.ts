import type { InstallRow, Tx } from '../database.ts';
import type { InventoryEntry } from '../kubernetes/port.ts';

/** An install's current inventory, as several steps of one run need it: only the run itself changes it. */
export type Inventory = {
  /** @param tx in which it is read, if it has to be */
  current(row: InstallRow, tx?: Tx): Promise<InventoryEntry[]>;
  /** Something was written that may have changed it. */
  changed(): void;
};

/** Reads it once, and again after it has changed. */
export function readOnce(
  load: (row: InstallRow, tx: Tx | undefined) => Promise<InventoryEntry[]>,
): Inventory {
  let known: { revision: number; entries: InventoryEntry[] } | undefined;
  return {
    async current(row, tx) {
      if (known?.revision !== row.revision) known = { revision: row.revision, entries: await load(row, tx) };
      return known.entries;
    },
    changed() {
      known = undefined;
    },
  };
}
