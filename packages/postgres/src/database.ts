import { invalidField } from '@cnap/errors';
import { isId } from '@cnap/ids';
import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import { Pool, escapeIdentifier } from 'pg';
import { explained } from './failure.ts';
import { createListener, type Listener } from './listener.ts';
import { acrossRole } from './role-name.ts';
import { transactionsOver, type Tx } from './transaction.ts';

/** A service's own schema, seen as the service's role. */
export interface Database<DB> extends AsyncDisposable {
  readonly pool: pg.Pool;
  /** For tables without tenants; of tenant tables it sees nothing. */
  readonly kysely: Kysely<DB>;
  /** The service's schema; queries need not name it. */
  readonly schema: string;
  /**
   * A transaction that sees and writes rows of this workspace only, whatever its queries say.
   * @throws DomainError invalid-argument if the id is not one; unavailable if Postgres cannot be reached
   */
  inWorkspace<T>(workspaceId: string, work: (tx: Tx<DB>) => Promise<T>): Promise<T>;
  /** A transaction that sees all workspaces: for reconcilers, consumers of events and public reads. */
  acrossWorkspaces<T>(work: (tx: Tx<DB>) => Promise<T>): Promise<T>;
  /** Hears notifications (`pg_notify`) on one session that all share. */
  listen: Listener['listen'];
  /** @throws DomainError unavailable if Postgres does not answer */
  ping(): Promise<void>;
}

const statementTimeoutMs = 30_000;

/** Opens a pool as the role in `url`. Connects when needed, so that a database that is down is no error yet. */
export function openDatabase<DB>(options: { url: string; schema: string; poolSize?: number }): Database<DB> {
  const session: pg.ClientConfig = {
    connectionString: options.url,
    options: `-c search_path=${schemaName(options.schema)}`,
    application_name: `cnap-${options.schema}`,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  };
  const pool = new Pool({
    ...session,
    max: options.poolSize ?? 10,
    idleTimeoutMillis: 60_000,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: 10_000, // a frozen process must not hold its locks for long
    query_timeout: statementTimeoutMs + 5_000, // for a server that no longer answers at all
    pipeline: true,
  } as pg.PoolConfig);
  // Sessions that die while idle have left the pool already; the next query opens another one.
  pool.on('error', () => undefined);
  // One that dies on its way out of the pool says so when nobody listens any more, which would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));

  const dialect = new PostgresDialect({ pool });
  const kysely = new Kysely<DB>({ dialect });
  const listener = createListener(session);
  const transactions = transactionsOver<DB>(pool, dialect, dialect.createDriver());
  const across = acrossRole(decodeURIComponent(new URL(options.url).username));
  const beginAcross = `begin; set local role ${escapeIdentifier(across)}`;

  return {
    pool,
    kysely,
    schema: options.schema,
    async inWorkspace(workspaceId, work) {
      if (!isId('ws', workspaceId)) throw invalidField('workspace_id', 'is not the id of a workspace');
      return transactions.run(`begin; set local cnap.workspace_id = '${workspaceId}'`, 'w', work);
    },
    acrossWorkspaces: (work) => transactions.run(beginAcross, 'a', work),
    listen: (channel, notified) => listener.listen(channel, notified),
    async ping() {
      await pool.query('select 1').catch((error: unknown) => {
        throw explained(error);
      });
    },
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      if (!pool.ending) await pool.end();
    },
  };
}

/** A schema's name as it may stand in statements and session options without quotes. */
export function schemaName(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(name)) throw new Error(`not a schema name: ${name}`);
  return name;
}
