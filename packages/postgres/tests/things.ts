import { freshDatabase } from '@cnap/test-servers';
import { sql } from 'kysely';
import {
  enableTenantIsolation,
  migrate,
  openDatabase,
  postgresMigrations,
  type Database,
  type Migration,
} from '../src/index.ts';

export type Tables = {
  thing: { id: string; workspace_id: string; name: string };
  deal: { id: string; workspace_id: string; seller_workspace_id: string };
  note: { id: string };
};

export const migrations: Record<string, Migration> = {
  ...postgresMigrations,
  '0001_things': {
    async up(db) {
      await sql`create table thing (id text primary key, workspace_id text not null, name text not null unique)`.execute(
        db,
      );
      await enableTenantIsolation(db, 'thing');
      await sql`create table deal (id text primary key, workspace_id text not null, seller_workspace_id text not null)`.execute(
        db,
      );
      await enableTenantIsolation(db, 'deal', { workspaceColumns: ['workspace_id', 'seller_workspace_id'] });
      await sql`create table note (id text primary key)`.execute(db);
    },
  },
};

export type Things = { db: Database<Tables>; adminUrl: string; url: string } & AsyncDisposable;

/** A service named `shop` on a fresh database. */
export async function startThings(role = 'cnap_shop'): Promise<Things> {
  await using stack = new AsyncDisposableStack();
  const { adminUrl } = stack.use(await freshDatabase());
  await migrate({ adminUrl, service: 'shop', role: { name: role, password: "it's secret" }, migrations });
  const address = new URL(adminUrl);
  address.username = role;
  address.password = encodeURIComponent("it's secret");
  const db = stack.use(openDatabase<Tables>({ url: address.href, schema: 'shop' }));
  const open = stack.move();
  return { db, adminUrl, url: address.href, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
