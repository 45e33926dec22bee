import { sql, type Kysely } from 'kysely';

/** The keys that people's JWTs are signed with; better-auth encrypts the private half. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table jwt_keys (
      id text primary key,
      public_key text not null,
      private_key text not null,
      alg text,
      crv text,
      created_at timestamptz(3) not null,
      expires_at timestamptz(3)
    )`.execute(db);
}
