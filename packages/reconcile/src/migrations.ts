import type { Migration } from '@cnap/postgres';
import { sql } from 'kysely';

/** The table of this package. A row is due when `due_at` has passed; at rest it has none. */
export const reconcileMigrations: Record<string, Migration> = {
  '0000_reconcile_01_task': {
    async up(db) {
      await sql`
        create table reconcile_task (
          kind text not null,
          key text not null,
          generation bigint not null default 1,
          due_at timestamptz,
          lease_token uuid,
          attempts int not null default 0,
          last_error text,
          failing_since timestamptz,
          waiting_for text,
          done_at timestamptz,
          parked_at timestamptz,
          traceparent text,
          actor jsonb,
          create_time timestamptz not null default now(),
          update_time timestamptz not null default now(),
          primary key (kind, key))`.execute(db);
      // Claims, heartbeats and results touch due_at: the index stays as small as what is not at rest.
      await sql`create index reconcile_task_due on reconcile_task (due_at) where due_at is not null`.execute(
        db,
      );
      await sql`create index reconcile_task_lease on reconcile_task (lease_token) where lease_token is not null`.execute(
        db,
      );
    },
  },
  '0000_reconcile_02_failing': {
    async up(db) {
      // What is failing is asked for by people; it is little, beside everything that ever was at rest.
      await sql`create index reconcile_task_failing on reconcile_task (kind, key) where failing_since is not null`.execute(
        db,
      );
    },
  },
};
