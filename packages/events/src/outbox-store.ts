import type { Database } from '@cnap/postgres';
import type { EventHeaders } from './cloud-event.ts';

// oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
type AnyDatabase = Database<any>;

/** An event that the stream does not have yet, or no longer. */
export type OutboxRow = {
  id: string;
  subject: string;
  headers: EventHeaders;
  payload: Buffer;
  /** Where it was in the stream before it was lost. */
  stream_seq: string | null;
};

/**
 * The next events to publish, if `holder` is, or now becomes, the one relay of this service.
 * @returns undefined while another relay holds the lease
 */
export async function leaseOutbox(
  db: AnyDatabase,
  holder: string,
  leaseMs: number,
  limit: number,
): Promise<OutboxRow[] | undefined> {
  const { rows } = await db.pool.query<OutboxRow & { id: string | null }>({
    name: 'outbox_lease',
    text: `
      with taken as (
        update outbox_relay set holder = $1, lease_until = now() + $2 * interval '1 ms'
        where lease_until < now() or (holder = $1 and lease_until < now() + $2 * interval '0.5 ms')
        returning 1),
      held as (
        select 1 from outbox_relay where holder = $1 and lease_until >= now()
        union all select 1 from taken limit 1),
      due as (
        select id, subject, headers, payload, stream_seq, position from outbox
        where published_at is null order by stream_seq, position limit $3)
      select id, subject, headers, payload, stream_seq from held left join due on true
      order by stream_seq, position`,
    values: [holder, leaseMs, limit],
  });
  if (rows.length === 0) return undefined;
  return rows.filter((row) => row.id !== null);
}

/** Lets another relay begin at once. */
export async function releaseOutbox(db: AnyDatabase, holder: string): Promise<void> {
  await db.pool.query('update outbox_relay set holder = null, lease_until = now() where holder = $1', [
    holder,
  ]);
}

/** Records what JetStream has acknowledged, and where it is. */
export async function markPublished(
  db: AnyDatabase,
  acknowledged: { id: string; seq: number }[],
): Promise<void> {
  await db.pool.query({
    name: 'outbox_mark',
    text: `
      update outbox set published_at = now(), stream_seq = acknowledged.seq
      from unnest($1::text[], $2::bigint[]) as acknowledged (id, seq) where outbox.id = acknowledged.id`,
    values: [acknowledged.map(({ id }) => id), acknowledged.map(({ seq }) => seq)],
  });
}

/** What a stream holds, as far as the outbox can be compared with it. */
export type StreamContents = { created: Date; firstSeq: number; lastSeq: number; deleted: number[] };

/**
 * Marks as unpublished whatever was acknowledged once but is not in the stream (any more): everything if it is
 * another stream than last time, otherwise what lies outside of what it holds.
 * @returns how many events are to be published again
 */
export async function reopenLost(db: AnyDatabase, stream: StreamContents): Promise<number> {
  const { rowCount } = await db.pool.query(
    `with before as (select stream_created from outbox_relay for update),
     seen as (update outbox_relay set stream_created = $1 where stream_created is distinct from $1)
     update outbox set published_at = null from before
     where published_at is not null and before.stream_created is not null and (
       before.stream_created <> $1 or stream_seq > $2 or stream_seq < $3 or stream_seq = any($4::bigint[]))`,
    [stream.created, stream.lastSeq, stream.firstSeq, stream.deleted],
  );
  return rowCount ?? 0;
}

/** Removes what is kept for 7 days (outbox) and for as long as streams keep events (inbox). */
export async function removeExpired(db: AnyDatabase): Promise<void> {
  for (const statement of [
    `delete from outbox where position in
       (select position from outbox where published_at < now() - interval '7 days' limit 10000)`,
    `delete from inbox where event_id in
       (select event_id from inbox where create_time < now() - interval '31 days' limit 10000)`,
    `delete from inbox_failure where update_time < now() - interval '31 days'`,
  ]) {
    await db.pool.query(statement);
  }
}

/** How many events wait to be published. */
export async function countUnpublished(db: AnyDatabase): Promise<number> {
  const { rows } = await db.pool.query<{ waiting: number }>(
    'select count(*)::int as waiting from outbox where published_at is null',
  );
  return rows[0]?.waiting ?? 0;
}
