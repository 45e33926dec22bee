import { sql, type Kysely } from 'kysely';

/** Sign-ins of some registries end to work after a while: when the pull secret is to be made anew. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table installs add column pull_secret_until timestamptz(3)`.execute(db);
}
