import { type Database, migrate, openDatabase } from '@cnap/postgres';
import { freshDatabase } from '@cnap/test-servers';
import type { Migration } from 'kysely/migration';

export interface TestDatabase<DB> extends AsyncDisposable {
  /** As the service's role: what the service itself uses. */
  readonly db: Database<DB>;
  readonly url: string;
  /** As superuser, to whom row-level security does not apply. */
  readonly adminUrl: string;
}

/**
 * A database of its own for this test file, with the service's schema and roles, migrated. Disposing it
 * closes the pool and drops the database.
 */
export async function testDatabase<DB>(
  service: string,
  migrations: Record<string, Migration>,
): Promise<TestDatabase<DB>> {
  await using stack = new AsyncDisposableStack();
  const role = { name: service, password: 'test' };
  const steps = Object.entries(migrations).map(([name, { up }]) => [name, up.toString()]);
  const migrated = {
    madeOf: JSON.stringify([service, role, steps]),
    fill: (emptyUrl: string) => migrate({ adminUrl: emptyUrl, service, role, migrations }),
  };
  const { adminUrl } = stack.use(await freshDatabase(migrated));
  const address = new URL(adminUrl);
  address.username = role.name;
  address.password = role.password;
  const db = stack.use(openDatabase<DB>({ url: address.href, schema: service }));
  const open = stack.move();
  return { db, url: address.href, adminUrl, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
