import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Benchmark, Context } from '../benchmark.ts';
import { startPlatform } from '../platform.ts';
import type { Figure } from '../result.ts';
import { openShop } from '../sale/buy.ts';
import { median } from '../statistics.ts';
import { listsOf, type List } from './lists.ts';
import { explainAll, scansIn } from './plans.ts';
import { growTo, type Originals } from './tables.ts';

const few = 1_000;
/** A session of Postgres decides after five runs of a statement whether one plan does for all parameters. */
const runsBeforeGenericPlan = 12;

export const growth: Benchmark = {
  name: 'growth',
  summary:
    'lists and searches with a million installs beside a thousand, and whether any table is read through',
  longestMs: 1_800_000,
  async run(context) {
    const { progress, quick, scratch, signal } = context;
    const many = quick ? 50_000 : 1_000_000;
    const folder = join(scratch, 'platform');
    progress.phase('starting the platform');
    await using platform = await startPlatform(folder, context);
    const shop = await openShop(platform);
    await shop.buyOnce(signal);
    await using parts = new AsyncDisposableStack();
    const database = new Client({ connectionString: platform.dev.database_url });
    database.on('error', () => undefined); // the query under way fails with it
    await database.connect();
    parts.defer(() => database.end());
    const originals = await originalsIn(database, platform.dev.buyer.workspace_id);
    progress.phase(`rows of ${few} installs`);
    await growTo(database, originals, 1, few, (share) => progress.at(share));
    const lists = await listsOf(platform, originals['installer.installs'] ?? '');
    progress.phase(`lists with ${few} installs`);
    const before = await timesOf(lists, context);
    progress.phase(`rows of ${many} installs`);
    await growTo(database, originals, few, many, (share) => progress.at(share));
    progress.phase(`lists with ${many} installs`);
    const after = await timesOf(lists, context);
    progress.phase('the plans of all statements');
    await explainAll(database);
    const logFile = join(folder, 'postgres', 'server.log');
    const { size } = await stat(logFile);
    for (let i = 0; i < runsBeforeGenericPlan; i += 1) {
      for (const { ask } of lists) await ask();
      progress.at((i + 1) / runsBeforeGenericPlan);
    }
    const tables = await largeTables(database);
    const { statements, scans } = await scansIn(logFile, size, tables);
    return {
      figures: [
        ...lists.map(({ what }, index): Figure => {
          const beside = { what: 'with 1 k', value: before[index] ?? Number.NaN };
          return { what, value: after[index] ?? Number.NaN, unit: 'ms', beside, goal: { mostTimes: 2 } };
        }),
        {
          what: 'statements that read a grown table through',
          value: scans.length,
          unit: '',
          goal: { most: 0 },
        },
      ],
      notes: [
        `Medians of calls through the gateway, one at a time, first with ${few} installs, then with ${many}: installs, releases, orders, their tasks and as many entries in the audit log, a tenth of them the buyer’s, all of them the seller’s; a product for each hundred.`,
        `The plans of ${statements} statements, from Postgres’ auto_explain, each list ${runsBeforeGenericPlan} times, so that plans for any parameter are among them.`,
        ...scans.map(({ table, statement }) => `Reads ${table} through: ${statement}`),
      ],
    };
  },
};

/** Of a table with few rows Postgres rightly reads all. */
async function largeTables(database: Client): Promise<Set<string>> {
  const { rows } = await database.query<{ name: string }>(
    `select relnamespace::regnamespace || '.' || relname as name from pg_class
     where relkind = 'r' and reltuples >= 5000`,
  );
  return new Set(rows.map(({ name }) => name));
}

/** One row of each table, of the sale that was made. */
async function originalsIn(database: Client, buyerWorkspaceId: string): Promise<Originals> {
  const one = async (text: string, values: string[]): Promise<string> => {
    const { rows } = await database.query<{ key: string }>(text, values);
    if (!rows[0]) throw new Error(`nothing is found by: ${text}`);
    return rows[0].key;
  };
  const install = await one(
    `select id as key from installer.installs where workspace_id = $1 and state = 'running' limit 1`,
    [buyerWorkspaceId],
  );
  const order = await one('select order_id as key from installer.installs where id = $1', [install]);
  return {
    'installer.installs': install,
    'installer.releases': install,
    'installer.reconcile_task': install,
    'billing.orders': order,
    'billing.reconcile_task': order,
    'identity.audit_entries': await one(
      `select id as key from identity.audit_entries as entry
       where workspace_id = (select seller_workspace_id from installer.installs where id = $1) limit 1`,
      [install],
    ),
    'catalog.product': await one('select product_id as key from installer.installs where id = $1', [install]),
  };
}

async function timesOf(lists: readonly List[], { quick, progress, signal }: Context): Promise<number[]> {
  const [warmUps, samples] = quick ? [6, 10] : [10, 60];
  const medians: number[] = [];
  for (const { ask } of lists) {
    const times: number[] = [];
    for (let i = 0; i < warmUps + samples; i += 1) {
      signal.throwIfAborted();
      const begun = performance.now();
      await ask();
      if (i >= warmUps) times.push(performance.now() - begun);
    }
    medians.push(median(times));
    progress.at(medians.length / lists.length);
  }
  return medians;
}
