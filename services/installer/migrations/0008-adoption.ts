import { sql, type Kysely } from 'kysely';

/** Installs that were releases of Helm: their namespaces are not the platform's. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table installs add column adopted boolean not null default false`.execute(db);
}
