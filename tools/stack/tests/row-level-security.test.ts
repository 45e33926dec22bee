// Every table of every service, tried as the service's own role: rows of a workspace are seen in that workspace only,
// whatever a query forgets, and nobody reads another service's schema.
import { newId } from '@cnap/ids';
import { escapeIdentifier, Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serviceDatabaseUrl, serviceNames } from '../src/layout.ts';
import { startPlatform, type Platform } from './platform.ts';
import { buyOnce } from './sales.ts';

/** Tables that name a workspace and yet are nobody's: why. */
const notTenants: Record<string, string> = {
  'identity.access_tokens':
    'a person’s; the workspace is a restriction, and is looked up by the secret’s hash',
};

/** Tables whose rows nobody changes at all. */
const appendOnly = new Set(['identity.audit_entries']);

type Table = { schema: string; name: string; columns: string[]; enabled: boolean; forced: boolean };

let platform: Platform;
let tables: Table[] = [];
const pools = new Map<string, Pool>();
beforeAll(async () => {
  platform = await startPlatform();
  await buyOnce(platform, platform.sample.products.one_time);
  const { rows } = await platform.database.query<Table>(
    `select n.nspname as schema, c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
       coalesce((select array_agg(a.attname::text) from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname like '%workspace_id'),
         '{}') as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any($1) and c.relkind in ('r', 'p') order by 1, 2`,
    [[...serviceNames]],
  );
  tables = rows;
  const adminUrl = platform.database.options.connectionString ?? '';
  for (const name of serviceNames) {
    pools.set(name, new Pool({ connectionString: serviceDatabaseUrl(adminUrl, name, 'test'), max: 1 }));
  }
});
afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.end()));
  await platform[Symbol.asyncDispose]();
});

const named = ({ schema, name }: Table) => `${schema}.${name}`;
const quoted = ({ schema, name }: Table) => `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
const poolOf = (schema: string): Pool => pools.get(schema) ?? expect.fail(`no pool of ${schema}`);

/** How many rows a query without a condition finds, as the service's own role in a workspace or in none. */
async function rowsSeen(table: Table, workspaceId?: string): Promise<number> {
  const client = await poolOf(table.schema).connect();
  try {
    await client.query('begin');
    if (workspaceId !== undefined)
      await client.query(`select set_config('cnap.workspace_id', $1, true)`, [workspaceId]);
    const { rows } = await client.query<{ n: string }>(`select count(*) as n from ${quoted(table)}`);
    return Number(rows[0]?.n);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const tenants = () => tables.filter(({ enabled }) => enabled);

test('every table that names a workspace has row-level security, forced, or a reason', () => {
  expect(tables.length).toBeGreaterThan(40);
  const open = tables.filter(
    (table) => table.columns.length > 0 && !(table.enabled && table.forced) && !(named(table) in notTenants),
  );
  expect(open.map(named)).toEqual([]);
  expect(tables.filter(({ enabled, forced }) => enabled !== forced).map(named)).toEqual([]);
  const pointless = Object.keys(notTenants).filter((name) => !tables.some((table) => named(table) === name));
  expect(pointless).toEqual([]);
});

test('no service’s role may pass by it', async () => {
  const { rows } = await platform.database.query<{ name: string }>(
    `select rolname as name from pg_roles
     where starts_with(rolname, 'cnap_') and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)`,
  );
  expect(rows).toEqual([]);
});

test('each table shows the rows of the workspace, and without one or in another one none', async () => {
  const { seller, buyer, stranger } = platform.sample;
  const filled: string[] = [];
  for (const table of tenants()) {
    const { rows } = await platform.database.query(`select from ${quoted(table)} limit 1`);
    if (rows.length > 0) filled.push(named(table));
    expect([named(table), await rowsSeen(table)]).toEqual([named(table), 0]);
    expect([named(table), await rowsSeen(table, '')]).toEqual([named(table), 0]);
    expect([named(table), await rowsSeen(table, newId('ws'))]).toEqual([named(table), 0]);
    for (const { workspace_id: id } of [seller, buyer, stranger]) {
      expect([named(table), id, await rowsSeen(table, id)]).toEqual([
        named(table),
        id,
        await rowsOf(table, id),
      ]);
    }
  }
  expect(filled).toEqual(
    expect.arrayContaining(['billing.orders', 'catalog.product', 'clusters.clusters', 'installer.installs']),
  );
  expect(filled.length).toBeGreaterThan(10);
});

test('a row cannot be moved into another workspace, or written there', async () => {
  const { seller, stranger } = platform.sample;
  for (const table of tenants()) {
    const [column] = table.columns;
    if (column === undefined) continue;
    const client = await poolOf(table.schema).connect();
    try {
      await client.query('begin');
      await client.query(`select set_config('cnap.workspace_id', $1, true)`, [stranger.workspace_id]);
      const take = client.query(
        `update ${quoted(table)} set ${escapeIdentifier(column)} = $1 where ${escapeIdentifier(column)} = $2`,
        [stranger.workspace_id, seller.workspace_id],
      );
      if (appendOnly.has(named(table))) {
        await expect(take).rejects.toThrow('append-only');
        continue;
      }
      const taken = await take;
      expect([named(table), taken.rowCount]).toEqual([named(table), 0]);
      const removed = await client
        .query(`delete from ${quoted(table)}`)
        .catch((error: Error) => error.message);
      if (typeof removed !== 'string')
        expect(removed.rowCount, named(table)).toBe(await rowsOf(table, stranger.workspace_id));
    } finally {
      await client.query('rollback');
      client.release();
    }
  }
});

async function rowsOf(table: Table, workspaceId: string): Promise<number> {
  // The workspace itself is named by its id.
  const columns = table.columns.length > 0 ? table.columns : ['id'];
  const where = columns.map((column) => `${escapeIdentifier(column)} = $1`).join(' or ');
  const { rows } = await platform.database.query<{ n: string }>(
    `select count(*) as n from ${quoted(table)} where ${where}`,
    [workspaceId],
  );
  return Number(rows[0]?.n);
}

test('nobody reads or writes the schema of another service', async () => {
  const tried: string[] = [];
  for (const reader of serviceNames) {
    const session = await poolOf(reader).connect(); // a pool gives up a session after an error
    try {
      for (const table of tables.filter(({ schema }) => schema !== reader)) {
        const reading = session.query(`select 1 from ${quoted(table)} limit 1`);
        await expect(reading, `${reader} reads ${named(table)}`).rejects.toMatchObject({ code: '42501' });
        tried.push(named(table));
      }
      const creating = session.query('create table public.mine (id int)');
      await expect(creating, `${reader} makes a table in public`).rejects.toMatchObject({ code: '42501' });
    } finally {
      session.release();
    }
  }
  expect(tried.length).toBe(tables.length * (serviceNames.length - 1));
});
