import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';

/** A table that a statement read from its first row to its last. */
export type SequentialScan = { table: string; statement: string };

type Node = { 'Node Type'?: string; Schema?: string; 'Relation Name'?: string; Plans?: Node[] };
type Explained = { 'Query Text'?: string; Plan?: Node };

/** Has Postgres write the plan of every statement into its log, in sessions that begin from now on. */
export async function explainAll(database: Client): Promise<void> {
  await database.query(`alter system set session_preload_libraries = 'auto_explain'`);
  await database.query(`alter system set auto_explain.log_min_duration = 0`);
  await database.query(`alter system set auto_explain.log_format = 'json'`);
  await database.query(`alter system set auto_explain.log_verbose = on`); // with the schema
  await database.query('select pg_reload_conf()');
  await pause(500);
  await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where pid <> pg_backend_pid() and backend_type = 'client backend'`,
  );
}

/** What of the log, from a byte on, reads one of these tables (`billing.orders`) sequentially. */
export async function scansIn(
  logFile: string,
  from: number,
  tables: ReadonlySet<string>,
): Promise<{ statements: number; scans: SequentialScan[] }> {
  const text = (await readFile(logFile)).subarray(from).toString();
  const explained = plansIn(text);
  const scans = new Map<string, SequentialScan>();
  for (const { 'Query Text': statement = '', Plan: plan } of explained) {
    for (const table of plan ? scannedIn(plan) : []) {
      if (tables.has(table)) scans.set(`${table} ${statement}`, { table, statement: short(statement) });
    }
  }
  return { statements: explained.length, scans: [...scans.values()] };
}

/** Lines of an entry after its first begin with a tab. */
function plansIn(log: string): Explained[] {
  return log.split(/\n(?!\t)/).flatMap((entry) => {
    const at = entry.indexOf('plan:\n');
    if (at < 0) return [];
    try {
      return [JSON.parse(entry.slice(at + 'plan:\n'.length).replaceAll('\n\t', '\n')) as Explained];
    } catch {
      return []; // the last one, of which not all is written yet
    }
  });
}

function scannedIn(node: Node): string[] {
  const own = node['Node Type'] === 'Seq Scan' ? [`${node.Schema}.${node['Relation Name']}`] : [];
  return [...own, ...(node.Plans ?? []).flatMap(scannedIn)];
}

const short = (statement: string): string => statement.replace(/\s+/g, ' ').trim().slice(0, 160);
