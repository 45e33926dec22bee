import { enableTenantIsolation } from '@cnap/postgres';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const product: Migration = {
  async up(db) {
    await sql`
      create table product (
        id text primary key,
        workspace_id text not null,
        name text not null,
        description text not null,
        image_url text not null,
        template_id text not null references template (id),
        cluster_ids text[] not null,
        stripe_price_ids text[] not null,
        values jsonb not null,
        trial_days integer not null,
        documentation text not null,
        links jsonb not null,
        inputs jsonb not null,
        outputs jsonb not null,
        show_sources boolean not null,
        update_policy text not null,
        visibility text not null,
        tier_group text not null,
        health_deadline_ms integer,
        retain_volumes_days integer not null,
        owner_logs_off boolean not null,
        owner_exec_on boolean not null,
        state text not null,
        input_schema jsonb not null,
        -- words are told apart by the program, so that the database's locale does not matter
        words text[] not null,
        search_words tsvector not null generated always as (array_to_tsvector(words)) stored,
        version bigint not null default 1,
        create_time timestamptz(3) not null default now(),
        update_time timestamptz(3) not null default now())`.execute(db);
    await sql`create index product_newest on product (workspace_id, create_time desc, id desc)`.execute(db);
    await sql`create index product_template on product (template_id, create_time desc, id desc)`.execute(db);
    await sql`create index product_clusters on product using gin (cluster_ids) with (fastupdate = off)`.execute(
      db,
    );
    // (fastupdate = off: a read never has to go through a list of entries that wait to be sorted in.)
    // The marketplace: everything, newest first; one seller's; those with certain words.
    const listed = sql`where visibility = 'public' and state = 'active'`;
    await sql`create index product_listed on product (create_time desc, id desc) ${listed}`.execute(db);
    await sql`create index product_words on product using gin (search_words) with (fastupdate = off) ${listed}`.execute(
      db,
    );
    await enableTenantIsolation(db, 'product');
  },
};
