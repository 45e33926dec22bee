import { enableTenantIsolation } from '@cnap/postgres';
import { sql, type Kysely } from 'kysely';

/** Users have the columns that better-auth expects of them, so that sign-in can be added without moving anything. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table users (
      id text primary key,
      email text not null unique check (email = lower(email)),
      name text not null,
      email_verified boolean not null default false,
      image text,
      version bigint not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now()
    )`.execute(db);
  await sql`
    create table workspaces (
      id text primary key,
      name text not null,
      icon text not null default '',
      version bigint not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now()
    )`.execute(db);
  await sql`
    create table members (
      workspace_id text not null references workspaces on delete cascade,
      user_id text not null references users,
      role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
      version bigint not null default 1,
      created_at timestamptz(3) not null default now(),
      primary key (workspace_id, user_id)
    )`.execute(db);
  await sql`create unique index members_one_owner on members (workspace_id) where role = 'owner'`.execute(db);
  await sql`create index members_by_user on members (user_id, created_at, workspace_id)`.execute(db);
  await sql`create index members_by_age on members (workspace_id, created_at, user_id)`.execute(db);
  await sql`
    create table access_tokens (
      id text primary key,
      user_id text not null references users,
      name text not null,
      prefix text not null,
      secret_hash bytea not null unique,
      workspace_id text,
      read_only boolean not null,
      expires_at timestamptz(3),
      last_used_at timestamptz(3),
      created_at timestamptz(3) not null default now()
    )`.execute(db);
  await sql`create index access_tokens_by_user on access_tokens (user_id, created_at desc, id desc)`.execute(
    db,
  );
  await sql`
    create table signing_keys (
      id text primary key,
      sealed_private_key bytea not null,
      public_key text not null,
      created_at timestamptz(3) not null default now()
    )`.execute(db);
  await enableTenantIsolation(db, 'workspaces', { workspaceColumns: ['id'] });
  await enableTenantIsolation(db, 'members');
}
