import { enableTenantIsolation } from '@cnap/postgres';
import { sql, type Kysely } from 'kysely';

/** Attempts to delete a workspace that are under way, or whose end other services have not heard of yet. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table workspace_closings (
      id text primary key,
      workspace_id text not null,
      given_up boolean not null default false,
      created_at timestamptz(3) not null default now()
    )`.execute(db);
  await enableTenantIsolation(db, 'workspace_closings');
}
