import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** OAuth clients get short-lived tokens from an address of their own. */
export const registryToken: Migration = {
  async up(db) {
    await sql`
      alter table registry_credential
        add column token_url text not null default '',
        add column token_username text not null default ''`.execute(db);
  },
};
