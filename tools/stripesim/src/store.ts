import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export interface Row<T> {
  account: string;
  value: T;
}

/** Rows in the order in which they were first put. Values are never changed in place: put a new one. */
export interface Table<T extends { id: string }> {
  get(id: string): T | undefined;
  accountOf(id: string): string | undefined;
  put(account: string, value: T): T;
  delete(id: string): void;
  /** Newest first. */
  list(account: string): T[];
  rows(): IterableIterator<Row<T>>;
}

export interface Store extends Disposable {
  table<T extends { id: string }>(name: string): Table<T>;
  /** Everything that `work` puts is kept, or nothing when it throws. One inside another is kept with the outer one. */
  transaction<T>(work: () => T): T;
  /** Runs after the transaction that is open has been kept; never, when it is not. */
  afterCommit(work: () => void): void;
}

interface Change {
  table: string;
  id: string;
  before: Row<unknown> | undefined;
}
interface Open {
  changes: Change[];
  after: (() => void)[];
}
type JournalEntry = [table: string, id: string, account: string, value: unknown];

/** With a folder, every transaction is one line of a journal there, which is read again at the next start. */
export function openStore(dataDir?: string): Store {
  const tables = new Map<string, Map<string, Row<unknown>>>();
  const rowsOf = (name: string): Map<string, Row<unknown>> => {
    const found = tables.get(name) ?? new Map<string, Row<unknown>>();
    tables.set(name, found);
    return found;
  };
  const journal = dataDir === undefined ? undefined : openJournal(dataDir, rowsOf, tables);
  let open: Open | undefined;

  const set = (table: string, id: string, row: Row<unknown> | undefined): void => {
    const rows = rowsOf(table);
    if (row === undefined) rows.delete(id);
    else rows.set(id, row);
  };
  const write = (table: string, id: string, row: Row<unknown> | undefined): void => {
    if (!open) throw new Error('written outside a transaction');
    open.changes.push({ table, id, before: rowsOf(table).get(id) });
    set(table, id, row);
  };
  const commit = (changes: Change[]): void => {
    if (!journal || changes.length === 0) return;
    const touched = new Map(changes.map((change) => [`${change.table} ${change.id}`, change]));
    const entries = [...touched.values()].map(({ table, id }): JournalEntry => {
      const row = rowsOf(table).get(id);
      return [table, id, row?.account ?? '', row?.value ?? null];
    });
    append(journal, `${JSON.stringify(entries)}\n`);
  };

  return {
    table<T extends { id: string }>(name: string): Table<T> {
      const rows = rowsOf(name) as Map<string, Row<T>>;
      return {
        get: (id) => rows.get(id)?.value,
        accountOf: (id) => rows.get(id)?.account,
        put(account, value) {
          write(name, value.id, { account, value });
          return value;
        },
        delete: (id) => write(name, id, undefined),
        list: (account) =>
          Array.from(rows.values())
            .filter((row) => row.account === account)
            .map((row) => row.value)
            .toReversed(),
        rows: () => rows.values(),
      };
    },
    transaction<T>(work: () => T): T {
      const outer = open;
      const mine: Open = { changes: [], after: [] };
      open = mine;
      let result: T;
      try {
        result = work();
        if (!outer) commit(mine.changes);
      } catch (error) {
        for (const { table, id, before } of mine.changes.toReversed()) set(table, id, before);
        throw error;
      } finally {
        open = outer;
      }
      if (outer) {
        outer.changes.push(...mine.changes);
        outer.after.push(...mine.after);
        return result;
      }
      for (const next of mine.after) next();
      return result;
    },
    afterCommit(work) {
      if (!open) throw new Error('no transaction is open');
      open.after.push(work);
    },
    [Symbol.dispose]() {
      if (journal !== undefined) closeSync(journal);
    },
  };
}

function openJournal(
  dataDir: string,
  rowsOf: (name: string) => Map<string, Row<unknown>>,
  tables: Map<string, Map<string, Row<unknown>>>,
): number {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'journal.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  for (const [position, line] of lines.entries()) {
    if (line === '') continue;
    const entries = parseLine(line, position === lines.length - 1, file);
    for (const [table, id, account, value] of entries) {
      if (value === null) rowsOf(table).delete(id);
      else rowsOf(table).set(id, { account, value });
    }
  }
  // Rewritten with what is left, so that it does not grow with every start.
  const compacted = openSync(`${file}.new`, 'w', 0o600);
  for (const [table, rows] of tables) {
    for (const [id, row] of rows) {
      const entry: JournalEntry = [table, id, row.account, row.value];
      writeSync(compacted, `${JSON.stringify([entry])}\n`);
    }
  }
  closeSync(compacted);
  renameSync(`${file}.new`, file);
  return openSync(file, 'a', 0o600);
}

/** Writes a whole line or, on a full disk, none: half of one would damage the next. */
function append(file: number, line: string): void {
  const before = fstatSync(file).size;
  const bytes = Buffer.from(line);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
  } catch (error) {
    ftruncateSync(file, before);
    throw error;
  }
}

function parseLine(line: string, last: boolean, file: string): JournalEntry[] {
  try {
    return JSON.parse(line) as JournalEntry[];
  } catch (error) {
    // A line that a killed process did not finish was never answered for.
    if (last) return [];
    throw new Error(`${file} is damaged; delete it to begin anew`, { cause: error });
  }
}
