import { newId } from '@cnap/ids';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startThings, type Things } from './things.ts';

const [a, b] = [newId('ws'), newId('ws')];
let things: Things;
beforeAll(async () => {
  things = await startThings();
  for (const workspace of [a, b]) {
    await things.db.inWorkspace(workspace, async (tx) => {
      await tx
        .insertInto('thing')
        .values({ id: newId('prd'), workspace_id: workspace, name: `thing of ${workspace}` })
        .execute();
    });
  }
  await things.db.acrossWorkspaces((tx) =>
    tx.insertInto('deal').values({ id: 'deal', workspace_id: a, seller_workspace_id: b }).execute(),
  );
});
afterAll(() => things[Symbol.asyncDispose]());

test('a select without WHERE finds the rows of the workspace only', async () => {
  const rows = await things.db.inWorkspace(a, (tx) => tx.selectFrom('thing').selectAll().execute());
  expect(rows.map((row) => row.workspace_id)).toEqual([a]);
});

test('an update or delete without WHERE touches the rows of the workspace only', async () => {
  const { db } = things;
  await db.inWorkspace(a, (tx) => tx.updateTable('thing').set({ name: 'changed' }).execute());
  await db.inWorkspace(newId('ws'), (tx) => tx.deleteFrom('thing').execute());
  const rows = await db.acrossWorkspaces((tx) => tx.selectFrom('thing').selectAll().execute());
  expect(rows.map((row) => [row.workspace_id, row.name]).toSorted()).toEqual(
    [
      [a, 'changed'],
      [b, `thing of ${b}`],
    ].toSorted(),
  );
});

test('a row of another workspace cannot be written, nor a row be moved to it', async () => {
  const { db } = things;
  const insert = db.inWorkspace(a, (tx) =>
    tx
      .insertInto('thing')
      .values({ id: newId('prd'), workspace_id: b, name: 'smuggled' })
      .execute(),
  );
  await expect(insert).rejects.toThrow(/row-level security/);
  const move = db.inWorkspace(a, (tx) => tx.updateTable('thing').set({ workspace_id: b }).execute());
  await expect(move).rejects.toThrow(/row-level security/);
});

test('a row with two workspaces is seen by both and by nobody else', async () => {
  const seen = (workspace: string) =>
    things.db.inWorkspace(workspace, (tx) => tx.selectFrom('deal').selectAll().execute());
  expect(await seen(a)).toHaveLength(1);
  expect(await seen(b)).toHaveLength(1);
  expect(await seen(newId('ws'))).toHaveLength(0);
});

test('outside of a workspace nothing is seen, also after transactions on the same session', async () => {
  const { db } = things;
  expect(await db.kysely.selectFrom('thing').selectAll().execute()).toEqual([]);
  expect(await db.kysely.transaction().execute((tx) => tx.selectFrom('thing').selectAll().execute())).toEqual(
    [],
  );
});

test('many transactions of different workspaces at once do not mix', async () => {
  const { db } = things;
  const seen = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      i % 3 === 0
        ? db.acrossWorkspaces((tx) => tx.selectFrom('thing').select('workspace_id').execute())
        : db.inWorkspace(i % 3 === 1 ? a : b, (tx) =>
            tx.selectFrom('thing').select('workspace_id').execute(),
          ),
    ),
  );
  seen.forEach((rows, i) => {
    const expected = i % 3 === 0 ? [a, b] : i % 3 === 1 ? [a] : [b];
    expect(rows.map((row) => row.workspace_id).toSorted()).toEqual(expected.toSorted());
  });
});

test.each(["ws_'; drop table thing; --", '', 'ws_1', newId('usr')])(
  '%j is refused as a workspace',
  async (id) => {
    const reading = things.db.inWorkspace(id, (tx) => tx.selectFrom('thing').selectAll().execute());
    await expect(reading).rejects.toMatchObject({ kind: 'invalid-argument' });
  },
);

test('every table with a workspace column is isolated', async () => {
  const admin = new Client({ connectionString: things.adminUrl });
  await admin.connect();
  const { rows } = await admin.query<{ open: string }>(`
    select c.table_name as open from information_schema.columns c
    join pg_class t on t.oid = format('shop.%I', c.table_name)::regclass
    where c.table_schema = 'shop' and c.column_name like '%workspace_id'
      and not (t.relrowsecurity and t.relforcerowsecurity)`);
  await admin.end();
  expect(rows).toEqual([]);
});

test('the role reads no other schema and cannot change its own', async () => {
  const { db, adminUrl } = things;
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query('create schema other; create table other.secret (id text)');
  await admin.end();
  await expect(sql`select * from other.secret`.execute(db.kysely)).rejects.toThrow(/permission denied/);
  await expect(sql`alter table thing disable row level security`.execute(db.kysely)).rejects.toThrow(/owner/);
  await expect(sql`create table more (id text)`.execute(db.kysely)).rejects.toThrow(/permission denied/);
});
