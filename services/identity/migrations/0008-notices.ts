import { sql, type Kysely } from 'kysely';

/**
 * What people were last told of an order, a cluster or payouts: older facts that come late are not told any more, and
 * mails that wait are not sent once what they tell has passed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table notices (
      subject text primary key,
      version bigint not null,
      state text not null
    )`.execute(db);
  await sql`alter table mails add column passes_with text`.execute(db);
  await sql`
    create index mails_that_pass on mails (passes_with) where state = 'waiting' and passes_with is not null`.execute(
    db,
  );
}
