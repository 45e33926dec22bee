import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { CatalogDatabase } from '../database.ts';
import { packageChannel } from './store.ts';

type Db = Tx<CatalogDatabase>;
export type LogLine = { number: string; time: Date; line: string };

const longestLine = 2_000;
const linesAtOnce = 500;

/** Adds lines to the log of a build; text with several lines becomes several. */
export async function log(
  tx: Db,
  build: { id: string; workspace_id: string },
  ...texts: string[]
): Promise<void> {
  const lines = texts.flatMap((text) => text.split('\n')).map((line) => line.trimEnd().slice(0, longestLine));
  await tx
    .insertInto('package_log')
    .values(lines.map((line) => ({ package_id: build.id, workspace_id: build.workspace_id, line })))
    .execute();
  await sql`select pg_notify(${packageChannel}, '')`.execute(tx);
}

/** The lines after a line, oldest first, at most 500. */
export async function linesAfter(tx: Db, packageId: string, after: string): Promise<LogLine[]> {
  const rows = await tx
    .selectFrom('package_log')
    .select(['line_number', 'time', 'line'])
    .where('package_id', '=', packageId)
    .where('line_number', '>', after)
    .orderBy('line_number')
    .limit(linesAtOnce)
    .execute();
  return rows.map((row) => ({ number: row.line_number, time: row.time, line: row.line }));
}
