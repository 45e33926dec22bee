import { createHash, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { testAdminUrl } from './server-address.ts';

export interface FreshDatabase extends AsyncDisposable {
  /** The new database, as superuser. */
  readonly adminUrl: string;
  readonly name: string;
}

/** What a new database begins with. */
export interface Beginning {
  /** All that decides what `fill` makes. In one run, only the first of those with the same text is filled. */
  madeOf: string;
  /** Makes it, in an empty database, and leaves no session open. */
  fill(adminUrl: string): Promise<unknown>;
}

/**
 * A new database on the test run's Postgres, empty or with what `beginning` makes; dropped when it is disposed,
 * open sessions or not.
 */
export async function freshDatabase(beginning?: Beginning): Promise<FreshDatabase> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  const template = beginning && (await templateOf(beginning));
  await onServer((client) =>
    client.query(`create database ${name}${template ? ` template ${template}` : ''}`),
  );
  return {
    adminUrl: addressOf(name),
    name,
    [Symbol.asyncDispose]: () =>
      onServer(async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }),
  };
}

const templates = new Map<string, Promise<string>>();

/** The name of a database to copy: to copy is several times cheaper than to migrate. */
async function templateOf({ madeOf, fill }: Beginning): Promise<string> {
  const run = process.env['CNAP_TEST_RUN'];
  if (!run) throw new Error('no test run: packages/test-servers/src/global-setup.ts was not there before');
  const name = `${templatePrefix(run)}${createHash('sha256').update(madeOf).digest('hex').slice(0, 20)}`;
  const made = templates.get(name) ?? makeTemplate(name, fill);
  templates.set(name, made);
  return made.catch((error: unknown) => {
    templates.delete(name);
    throw error;
  });
}

async function makeTemplate(name: string, fill: Beginning['fill']): Promise<string> {
  await aloneOnServer(async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount !== 0) return; // another file of the run was first
    const unfinished = `${name}_unfinished`;
    await client.query(`drop database if exists ${unfinished} with (force)`);
    await client.query(`create database ${unfinished}`);
    await fill(addressOf(unfinished));
    await client.query(`alter database ${unfinished} rename to ${name}`);
  });
  return name;
}

/** Drops what {@link freshDatabase} kept to copy from: for a server that outlives the run. */
export async function dropTemplates(run: string): Promise<void> {
  await onServer(async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [templatePrefix(run)],
    );
    for (const { datname } of rows) await client.query(`drop database if exists ${datname} with (force)`);
  });
}

function templatePrefix(run: string): string {
  if (!/^[a-z0-9]{1,20}$/.test(run))
    throw new Error(`CNAP_TEST_RUN is lower-case letters and digits: ${run}`);
  return `template_${run}_`;
}

function addressOf(database: string): string {
  const url = new URL(testAdminUrl());
  url.pathname = `/${database}`;
  return url.href;
}

/**
 * Runs `work` with a session of the server's administrator, one at a time on the whole server: for things
 * that all databases share, such as roles, which two sessions cannot change at once.
 */
export async function aloneOnServer<T>(work: (client: Client) => Promise<T>): Promise<T> {
  return onServer(async (client) => {
    await client.query('select pg_advisory_lock(4207849484)'); // "cnap"; held until the session ends
    return work(client);
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
