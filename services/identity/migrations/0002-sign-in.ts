import { sql, type Kysely } from 'kysely';

/**
 * The tables of better-auth, which belong to people and not to workspaces. Session tokens stand here as they are
 * (better-auth hashes none); codes and links are hashed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sessions (
      id text primary key,
      token text not null unique,
      user_id text not null references users on delete cascade,
      expires_at timestamptz(3) not null,
      ip_address text,
      user_agent text,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now()
    )`.execute(db);
  await sql`create index sessions_by_user on sessions (user_id)`.execute(db);
  await sql`create index sessions_by_end on sessions (expires_at)`.execute(db);
  await sql`
    create table accounts (
      id text primary key,
      account_id text not null,
      provider_id text not null,
      user_id text not null references users on delete cascade,
      access_token text,
      refresh_token text,
      id_token text,
      access_token_expires_at timestamptz(3),
      refresh_token_expires_at timestamptz(3),
      scope text,
      password text,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      unique (provider_id, account_id)
    )`.execute(db);
  await sql`create index accounts_by_user on accounts (user_id)`.execute(db);
  await sql`
    create table verifications (
      id text primary key,
      identifier text not null,
      value text not null,
      expires_at timestamptz(3) not null,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now()
    )`.execute(db);
  await sql`create index verifications_by_identifier on verifications (identifier)`.execute(db);
  await sql`create index verifications_by_end on verifications (expires_at)`.execute(db);
  await sql`
    create table device_codes (
      id text primary key,
      device_code text not null unique,
      user_code text not null unique,
      user_id text references users on delete cascade,
      expires_at timestamptz(3) not null,
      status text not null,
      last_polled_at timestamptz(3),
      polling_interval integer,
      client_id text,
      scope text
    )`.execute(db);
  await sql`create index device_codes_by_end on device_codes (expires_at)`.execute(db);
  await sql`
    create table passkeys (
      id text primary key,
      name text,
      public_key text not null,
      user_id text not null references users on delete cascade,
      credential_id text not null unique,
      counter bigint not null,
      device_type text not null,
      backed_up boolean not null,
      transports text,
      aaguid text,
      created_at timestamptz(3) not null default now()
    )`.execute(db);
  await sql`create index passkeys_by_user on passkeys (user_id)`.execute(db);
  await sql`create table auth_secrets (id text primary key, sealed bytea not null)`.execute(db);
  await sql`
    create table rate_limits (
      key bytea primary key,
      uses integer not null,
      window_ends_at timestamptz(3) not null
    )`.execute(db);
  await sql`create index rate_limits_by_end on rate_limits (window_ends_at)`.execute(db);
}
