import { type Database, type Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { EventHeaders } from './cloud-event.ts';

// oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
type AnyDatabase = Database<any>;
// oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
type AnyTx = Tx<any>;

/** An event as it came, whether it can be read or not. */
export type Delivery = {
  id: string;
  subject: string;
  /** `installer.install`: what `resourceId` and `version` are about. */
  resource: string;
  resourceId: string;
  version: number;
  headers: EventHeaders;
  payload: Uint8Array;
};

/** @returns false if the event was handled or given up before; waits for whoever handles it right now */
export async function enterInbox(tx: AnyTx, delivery: Delivery, handled: boolean): Promise<boolean> {
  const { id, resource, resourceId, version } = delivery;
  const { rows } = await sql`
    insert into inbox (event_id, resource, resource_id, version, handled)
    values (${id}, ${resource}, ${resourceId}, ${version}, ${handled})
    on conflict (event_id) do nothing returning 1`.execute(tx);
  return rows.length > 0;
}

/** @returns how often handling it has failed, this time included */
export async function countFailure(db: AnyDatabase, eventId: string, error: string): Promise<number> {
  const { rows } = await db.pool.query<{ failures: number }>(
    `insert into inbox_failure as failed (event_id, failures, last_error) values ($1, 1, $2)
     on conflict (event_id) do update
       set failures = failed.failures + 1, last_error = excluded.last_error, update_time = now()
     returning failures`,
    [eventId, error],
  );
  return rows[0]?.failures ?? 1;
}

/** Gives an event up: it is kept for a replay, and further deliveries of it are ignored. */
export async function buryDelivery(
  db: AnyDatabase,
  delivery: Delivery,
  attempts: number,
  error: string,
): Promise<void> {
  await db.acrossWorkspaces(async (tx) => {
    if (!(await enterInbox(tx, delivery, false))) return;
    await sql`
      insert into dead_letter (event_id, subject, resource_id, version, headers, payload, attempts, error)
      values (${delivery.id}, ${delivery.subject}, ${delivery.resourceId}, ${delivery.version},
        ${JSON.stringify(delivery.headers)}::jsonb, ${Buffer.from(delivery.payload)}, ${attempts}, ${error})
      on conflict (event_id) do nothing`.execute(tx);
    await sql`delete from inbox_failure where event_id = ${delivery.id}`.execute(tx);
  });
}
