import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { testAdminUrl } from './server-address.ts';

export interface FreshDatabase extends AsyncDisposable {
  /** The new database, as superuser. */
  readonly adminUrl: string;
  readonly name: string;
}

/** A new, empty database on the test run's Postgres; dropped when it is disposed, open sessions or not. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  await onServer((client) => client.query(`create database ${name}`));
  const url = new URL(testAdminUrl());
  url.pathname = `/${name}`;
  return {
    adminUrl: url.href,
    name,
    [Symbol.asyncDispose]: () =>
      onServer(async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }),
  };
}

/**
 * Runs `work` with a session of the server's administrator, one at a time on the whole server: for things
 * that all databases share, such as roles, which two sessions cannot change at once.
 */
export async function aloneOnServer<T>(work: () => Promise<T>): Promise<T> {
  return onServer(async (client) => {
    await client.query('select pg_advisory_lock(4207849484)'); // "cnap"; held until the session ends
    return work();
  });
}

async function onServer<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: testAdminUrl(), connectionTimeoutMillis: 30_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
