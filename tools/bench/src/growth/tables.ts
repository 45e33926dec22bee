import type { Client } from 'pg';

/** Columns of a copy by name, as SQL over `n`, the number of the copy; the others are the original's. */
type Differences = Record<string, string>;

/** An id of the right form for a number. */
const idOf = (prefix: string, n = 'n'): string => `'${prefix}_' || lpad(to_hex(${n}), 26, '0')`;
/** A tenth belongs to the original's workspace, the rest to a thousand others. */
const buyer = (column: string): string =>
  `case when n % 10 = 0 then ${column} else ${idOf('ws', '(n % 1000)')} end`;
const earlier = (column: string): string => `${column} - n * interval '1 second'`;

type Grown = { schema: string; table: string; key: string; differences: Differences; share?: number };

/** What grows with installs, and how a copy of each row differs. */
const grown: Grown[] = [
  {
    schema: 'installer',
    table: 'installs',
    key: 'id',
    differences: {
      id: idOf('ins'),
      workspace_id: buyer('workspace_id'),
      order_id: idOf('ord'),
      release_id: idOf('rel'),
      healthy_release_id: idOf('rel'),
      idempotency_key: 'null',
      sealed_outputs: 'null', // sealed for the original
      product_id: `case when n % 100 = 1 then ${idOf('prd', '1')} else product_id end`,
      // Not the cluster of the original: nothing is to be looked after.
      cluster_id: idOf('clu', '(n % 20)'),
      namespace: `'cnap-' || lpad(to_hex(n), 12, '0')`,
      release_name: `'cnap-' || lpad(to_hex(n), 12, '0')`,
      created_at: earlier('created_at'),
      deleted_at: `case when n % 4 = 1 then created_at end`,
    },
  },
  {
    schema: 'installer',
    table: 'releases',
    key: 'install_id',
    differences: {
      id: idOf('rel'),
      install_id: idOf('ins'),
      workspace_id: buyer('workspace_id'),
      created_at: earlier('created_at'),
    },
  },
  {
    schema: 'billing',
    table: 'orders',
    key: 'id',
    differences: {
      id: idOf('ord'),
      workspace_id: buyer('workspace_id'),
      stripe_session_id: idOf('cs'),
      stripe_payment_intent_id: idOf('pi'),
      stripe_subscription_id: 'null',
      stripe_event_id: 'null',
      request_id: 'null',
      install_id: idOf('ins'),
      create_time: earlier('create_time'),
    },
  },
  ...(['installer', 'billing'] as const).map((schema) => ({
    schema,
    table: 'reconcile_task',
    key: 'key',
    differences: {
      key: schema === 'billing' ? idOf('ord') : idOf('ins'),
      due_at: 'null',
      lease_token: 'null',
      failing_since: 'null',
      done_at: 'now()',
    },
  })),
  {
    schema: 'identity',
    table: 'audit_entries',
    key: 'id',
    differences: {
      id: idOf('aud'),
      event_id: idOf('evt'),
      resource_id: idOf('ins'),
      occurred_at: earlier('occurred_at'),
    },
  },
  {
    schema: 'catalog',
    table: 'product',
    key: 'id',
    differences: {
      id: idOf('prd'),
      name: `name || ' ' || to_hex(n)`,
      workspace_id: idOf('ws', '(n % 1000)'),
      create_time: earlier('create_time'),
    },
    share: 0.01,
  },
];

/** The key of a row of each (`billing.orders`), from which the copies are made. */
export type Originals = Record<string, string>;

/** Adds copies `from` (inclusive) to `until`; asks Postgres to look at its tables anew. */
export async function growTo(
  database: Client,
  originals: Originals,
  from: number,
  until: number,
  told: (share: number) => void,
): Promise<void> {
  const atOnce = 50_000;
  for (const [index, { schema, table, key, differences, share = 1 }] of grown.entries()) {
    const columns = await columnsOf(database, schema, table);
    const values = columns.map((name) => differences[name] ?? `original.${name}`);
    const named = columns.map((name) => `"${name}"`).join(', ');
    const end = Math.max(from + 1, Math.floor(until * share));
    for (let begin = from; begin < end; begin += atOnce) {
      await database.query(
        `insert into ${schema}.${table} (${named})
         select ${values.join(', ')} from ${schema}.${table} as original, generate_series($2::bigint, $3::bigint) as n
         where original.${key} = $1 on conflict do nothing`,
        [originals[`${schema}.${table}`], begin, Math.min(end, begin + atOnce) - 1],
      );
      told((index + (begin - from) / (end - from)) / grown.length);
    }
    await database.query(`vacuum (analyze) ${schema}.${table}`);
  }
}

/** Those that can be given. */
async function columnsOf(database: Client, schema: string, table: string): Promise<string[]> {
  const { rows } = await database.query<{ column_name: string }>(
    `select column_name from information_schema.columns
     where table_schema = $1 and table_name = $2 and is_generated = 'NEVER' and is_identity = 'NO'
     order by ordinal_position`,
    [schema, table],
  );
  return rows.map((row) => row.column_name);
}
