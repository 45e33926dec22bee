import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { expect, test } from 'vitest';
import { testDatabase } from '../src/test-database.ts';

type Tables = { note: { id: string; workspace_id: string } };

const migrations: Record<string, Migration> = {
  '0001_note': {
    async up(db: Kysely<unknown>) {
      await sql`create table note (id text primary key, workspace_id text not null)`.execute(db);
    },
  },
};

test('each test file has a migrated database of its own, under the role of its service', async () => {
  await using one = await testDatabase<Tables>('clusters', migrations);
  await using two = await testDatabase<Tables>('clusters', migrations);
  await one.db.acrossWorkspaces((tx) =>
    tx.insertInto('note').values({ id: 'n1', workspace_id: 'ws_1' }).execute(),
  );
  const read = (database: typeof one) =>
    database.db.acrossWorkspaces((tx) => tx.selectFrom('note').select('id').execute());
  expect(await read(one)).toEqual([{ id: 'n1' }]);
  expect(await read(two)).toEqual([]);
  expect(new URL(one.url).username).toBe('clusters');
});

test('databases can be made at the same time, although all share the server’s roles', async () => {
  const databases = await Promise.all(
    ['identity', 'identity', 'billing', 'billing'].map((service) =>
      testDatabase<Tables>(service, migrations),
    ),
  );
  expect(new Set(databases.map(({ url }) => url)).size).toBe(4);
  await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()));
});
