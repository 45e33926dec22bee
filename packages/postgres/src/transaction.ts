import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryExecutor, QueryResult } from 'kysely';
import { DefaultQueryExecutor, Transaction } from 'kysely';
import type pg from 'pg';
import { explained } from './failure.ts';
import { createStatementNames, type StatementNames } from './statement-name.ts';

/** A running transaction; only `inWorkspace` and `acrossWorkspaces` make one. */
export type Tx<DB> = Transaction<DB>;

/** Runs work in transactions that begin with given statements. */
export type Transactions<DB> = {
  /** @param scope sets prepared statements of different roles apart */
  run<T>(begin: string, scope: string, work: (tx: Tx<DB>) => Promise<T>): Promise<T>;
};

/**
 * Transactions over `pool`, whose clients must pipeline. The statements of `begin` travel in one message together
 * with the first query, unawaited: should one of them fail, the transaction is aborted and nothing after it has an
 * effect. So a transaction with one read takes two round trips (docs/adr/0003).
 */
export function transactionsOver<DB>(pool: pg.Pool, dialect: Dialect, driver: Driver): Transactions<DB> {
  const compiler = dialect.createQueryCompiler();
  const adapter = dialect.createAdapter();
  const names = createStatementNames();
  const executorOf = (connection: DatabaseConnection): QueryExecutor =>
    new DefaultQueryExecutor(compiler, adapter, { provideConnection: (consumer) => consumer(connection) });

  return {
    async run(begin, scope, work) {
      const client = await pool.connect().catch((error: unknown) => {
        throw explained(error);
      });
      // A session that dies between two queries reports it here; the next query fails with it.
      client.on('error', ignore);
      const connection = new TransactionConnection(client, names, scope);
      const begun = togetherWithFirst(client, () => client.query(begin));
      begun.catch(ignore);
      const executor = executorOf(connection);
      try {
        const result = await work(new Transaction<DB>({ config: { dialect }, dialect, driver, executor }));
        await begun;
        connection.end();
        const { command } = await client.query('commit');
        if (command !== 'COMMIT')
          throw new Error('the transaction was rolled back: a statement in it had failed');
        release(client);
        return result;
      } catch (error) {
        connection.end();
        const cause = await begun.then(
          () => error,
          (failed: unknown) => failed,
        );
        await rollBack(client);
        throw explained(cause);
      }
    },
  };
}

/** Holds back what is written until whatever is ready to run has run, so that it goes out in one piece. */
function togetherWithFirst<T>(client: pg.PoolClient, send: () => T): T {
  const { stream } = (client as pg.PoolClient & { connection: pg.Connection }).connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
  return send();
}

async function rollBack(client: pg.PoolClient): Promise<void> {
  try {
    await client.query('rollback');
    release(client);
  } catch (error) {
    // Nobody knows what state the session is in: it is closed, not used again.
    release(client, error instanceof Error ? error : true);
  }
}

function release(client: pg.PoolClient, broken?: Error | boolean): void {
  client.off('error', ignore);
  client.release(broken);
}

const ignore = (): void => undefined;

/** One session for the length of a transaction; refuses queries after its end, when others may use the session. */
class TransactionConnection implements DatabaseConnection {
  readonly #client: pg.PoolClient;
  readonly #names: StatementNames;
  readonly #scope: string;
  #ended = false;

  constructor(client: pg.PoolClient, names: StatementNames, scope: string) {
    this.#client = client;
    this.#names = names;
    this.#scope = scope;
  }

  end(): void {
    this.#ended = true;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#ended) throw new Error('the transaction has ended; was one of its queries not awaited?');
    const name = this.#names.nameOf(query.sql, this.#scope);
    const values = [...query.parameters];
    const result = await this.#client
      .query<R & pg.QueryResultRow>(
        name === undefined ? { text: query.sql, values } : { name, text: query.sql, values },
      )
      .catch((error: unknown) => {
        this.#names.learn(error);
        throw error;
      });
    const changes = /^(INSERT|UPDATE|DELETE|MERGE)$/.test(result.command ?? '');
    return changes
      ? { rows: result.rows, numAffectedRows: BigInt(result.rowCount ?? 0) }
      : { rows: result.rows };
  }

  // oxlint-disable-next-line require-yield -- the interface asks for a generator
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('rows cannot be streamed: the session pipelines its queries; read in pages instead');
  }
}
