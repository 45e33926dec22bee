import { enableTenantIsolation } from '@cnap/postgres';
import { sql, type Kysely } from 'kysely';

/** One invitation per address and workspace; of its secret there is a hash only. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table invitations (
      id text primary key,
      workspace_id text not null references workspaces on delete cascade,
      email text not null,
      role text not null check (role in ('admin', 'member', 'viewer')),
      secret_hash bytea not null unique,
      invited_by text not null references users on delete cascade,
      expires_at timestamptz(3) not null,
      created_at timestamptz(3) not null default now(),
      unique (workspace_id, email)
    )`.execute(db);
  await sql`create index invitations_by_end on invitations (expires_at)`.execute(db);
  await enableTenantIsolation(db, 'invitations');
}
