import { newId } from '@cnap/ids';
import { testAdminUrl } from '@cnap/test-servers';
import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isUniqueViolation, migrate, openDatabase, type Tx } from '../src/index.ts';
import { migrations, startThings, type Tables, type Things } from './things.ts';

let things: Things;
beforeAll(async () => {
  things = await startThings();
});
afterAll(() => things[Symbol.asyncDispose]());

const note = (tx: Tx<Tables>, id: string) => tx.insertInto('note').values({ id }).execute();
const notes = async () =>
  (await things.db.kysely.selectFrom('note').select('id').orderBy('id').execute()).map((row) => row.id);

test('what was thrown leaves nothing behind and reaches the caller', async () => {
  const failure = new Error('changed my mind');
  const work = things.db.acrossWorkspaces(async (tx) => {
    await note(tx, 'thrown');
    throw failure;
  });
  await expect(work).rejects.toBe(failure);
  expect(await notes()).not.toContain('thrown');
});

test('a failed statement whose error was swallowed does not commit the rest in silence', async () => {
  const work = things.db.acrossWorkspaces(async (tx) => {
    await note(tx, 'swallowed');
    await note(tx, 'swallowed').catch(() => undefined);
  });
  await expect(work).rejects.toThrow(/rolled back/);
  expect(await notes()).not.toContain('swallowed');
});

test('a unique violation is recognised, with its constraint', async () => {
  const work = things.db.acrossWorkspaces(async (tx) => {
    await note(tx, 'twice');
    await note(tx, 'twice');
  });
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(isUniqueViolation(error)).toBe(true);
  expect(isUniqueViolation(error, 'note_pkey')).toBe(true);
  expect(isUniqueViolation(error, 'thing_pkey')).toBe(false);
});

test('a transaction that has ended takes no more queries', async () => {
  let kept: Tx<Tables> | undefined;
  await things.db.acrossWorkspaces(async (tx) => {
    kept = tx;
    await note(tx, 'inside');
  });
  if (kept === undefined) throw new Error('unreachable');
  await expect(note(kept, 'outside')).rejects.toThrow(/has ended/);
  expect(await notes()).not.toContain('outside');
});

test('queries sent together in one transaction all count', async () => {
  await things.db.acrossWorkspaces((tx) => Promise.all(['p1', 'p2', 'p3'].map((id) => note(tx, id))));
  expect(await notes()).toEqual(expect.arrayContaining(['p1', 'p2', 'p3']));
});

test('a session lost in the middle of a transaction is an error that may pass, and is not used again', async () => {
  await using database = openDatabase<Tables>({ url: things.url, schema: 'shop', poolSize: 1 });
  const work = database.acrossWorkspaces(async (tx) => {
    await note(tx, 'lost');
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    const admin = new Client({ connectionString: things.adminUrl });
    await admin.connect();
    await admin.query('select pg_terminate_backend($1, 10000)', [rows[0]?.pid]);
    await admin.end();
    await note(tx, 'lost too');
  });
  await expect(work).rejects.toMatchObject({ kind: 'unavailable', reason: 'DATABASE_UNAVAILABLE' });
  await database.ping();
  expect(await notes()).not.toContain('lost');
});

test('a database that cannot be reached is unavailable, and says nothing about where it is', async () => {
  await using database = openDatabase({ url: 'postgres://nobody:secret@127.0.0.1:1/none', schema: 'shop' });
  const error: unknown = await database
    .inWorkspace(newId('ws'), () => Promise.resolve())
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ kind: 'unavailable', reason: 'DATABASE_UNAVAILABLE' });
  expect(String(error)).not.toMatch(/127|secret/);
  await expect(database.ping()).rejects.toMatchObject({ kind: 'unavailable' });
});

test('without the right to see all workspaces nothing is done in its name', async () => {
  const admin = new Client({ connectionString: things.adminUrl });
  await admin.connect();
  await admin.query(`create role "${`loner_${process.pid}`}" login password 'x'`);
  await admin.query(
    `grant usage on schema shop to loner_${process.pid}; grant all on shop.note to loner_${process.pid}`,
  );
  const address = new URL(things.adminUrl);
  address.username = `loner_${process.pid}`;
  address.password = 'x';
  {
    await using database = openDatabase<Tables>({ url: address.href, schema: 'shop' });
    await expect(database.acrossWorkspaces((tx) => note(tx, 'unawaited begin'))).rejects.toThrow(
      /does not exist/,
    );
  }
  await admin.query(`drop owned by loner_${process.pid}; drop role loner_${process.pid}`);
  await admin.end();
  expect(await notes()).not.toContain('unawaited begin');
});

test('a migration under running services fails a query at most once, as one that may be repeated', async () => {
  const read = () => things.db.acrossWorkspaces((tx) => tx.selectFrom('note').selectAll().execute());
  await Promise.all([read(), read(), read()]);
  const admin = new Client({ connectionString: things.adminUrl });
  await admin.connect();
  await admin.query('alter table shop.note add column extra text');
  await admin.end();
  const error: unknown = await read().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ kind: 'unavailable' });
  for (const rows of await Promise.all([read(), read(), read(), read()]))
    expect(rows[0]).toHaveProperty('extra');
});

test('notifications arrive, and the listener comes back after its session was lost', async () => {
  const heard: (() => void)[] = [];
  const next = () => new Promise<void>((resolve) => heard.push(resolve));
  const opened = next();
  let count = 0;
  using listening = things.db.listen('news', () => {
    count += 1;
    heard.splice(0).forEach((resolve) => resolve());
  });
  expect(listening).toBeDefined();
  await opened;
  const notified = next();
  await things.db.pool.query(`select pg_notify('news', '')`);
  await notified;
  const again = next();
  const admin = new Client({ connectionString: things.adminUrl });
  await admin.connect();
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%' and datname = current_database()`,
  );
  await admin.end();
  await again;
  expect(count).toBeGreaterThanOrEqual(3);
});

test('migrations run once, also when several run them at the same moment on several databases', async () => {
  const role = { name: `cnap_race_${process.pid}`, password: 'x' };
  const admin = new Client({ connectionString: testAdminUrl() });
  await admin.connect();
  const databases = ['one', 'two'].map((name) => `race_${process.pid}_${name}`);
  for (const database of databases) await admin.query(`create database ${database}`);
  const ran = await Promise.all(
    [...databases, ...databases, ...databases].map((database) => {
      const url = new URL(testAdminUrl());
      url.pathname = database;
      return migrate({ adminUrl: url.href, service: 'shop', role, migrations });
    }),
  );
  expect(ran.map((names) => names.length).toSorted()).toEqual([0, 0, 0, 0, 2, 2]);
  for (const database of databases) await admin.query(`drop database ${database} with (force)`);
  await admin.query(`drop role ${role.name}; drop role ${role.name}_across`);
  await admin.end();
});
