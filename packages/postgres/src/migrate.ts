import { Kysely, PostgresDialect } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import { Client, Pool } from 'pg';
import { schemaName } from './database.ts';
import { ensureRoles, type ServiceRole } from './roles.ts';

export type { Migration };

/** What {@link migrate} needs to know. */
export type MigrateOptions = {
  /** The URL of a role that may create schemas and roles; it will own all tables. */
  adminUrl: string;
  /** The service, which is also the name of its schema. */
  service: string;
  role: ServiceRole;
  /** By name; they run in the order of their names. Those of packages and of the service are merged. */
  migrations: Record<string, Migration>;
};

/**
 * Brings a service's schema up to date: schema, roles, then every migration that has not run yet, all in one
 * transaction. Forward only. Two at once wait for each other.
 * @returns the names of the migrations that ran
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const schema = schemaName(options.service);
  const session = {
    connectionString: options.adminUrl,
    connectionTimeoutMillis: 10_000,
    // enableTenantIsolation reads the role from here.
    options: `-c search_path=${schema} -c cnap.service_role=${roleName(options.role.name)}`,
  };
  await using stack = new AsyncDisposableStack();
  const admin = new Client(session);
  admin.on('error', () => undefined); // the statement under way fails with it
  stack.defer(() => admin.end()); // ends the session and with it the lock
  await admin.connect();
  const pool = new Pool({ ...session, max: 1 });
  pool.on('error', () => undefined);
  stack.defer(() => pool.end());

  await admin.query('select pg_advisory_lock(hashtextextended($1, 0))', [`cnap migrate ${schema}`]);
  await admin.query(`create schema if not exists ${schema}`);
  await ensureRoles(admin, options.role, schema);
  const migrator = new Migrator({
    db: new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }),
    provider: { getMigrations: () => Promise.resolve(options.migrations) },
    migrationTableSchema: schema,
    allowUnorderedMigrations: true, // a package's migration may come later than a service's with a higher name
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results.find((result) => result.status === 'Error');
    throw new Error(`migration ${failed?.migrationName ?? ''} of ${schema} failed`, { cause: error });
  }
  return results.map((result) => result.migrationName);
}

function roleName(name: string): string {
  if (!/^[a-z_][a-z0-9_]{0,50}$/.test(name)) throw new Error(`not a role name: ${name}`);
  return name;
}
