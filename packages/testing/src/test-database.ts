import { type Database, migrate, openDatabase } from '@cnap/postgres';
import { aloneOnServer, freshDatabase } from '@cnap/test-servers';
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
  const { adminUrl } = stack.use(await freshDatabase());
  const role = { name: service, password: 'test' };
  await aloneOnServer(() => migrate({ adminUrl, service, role, migrations })); // roles belong to the whole server
  const address = new URL(adminUrl);
  address.username = role.name;
  address.password = role.password;
  const db = stack.use(openDatabase<DB>({ url: address.href, schema: service }));
  const open = stack.move();
  return { db, url: address.href, adminUrl, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
