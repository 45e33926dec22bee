import { toBinary, type DescMessage } from '@bufbuild/protobuf';
import { newId } from '@cnap/ids';
import type { Tx } from '@cnap/postgres';
import { currentActor, currentTraceparent } from '@cnap/telemetry';
import { sql } from 'kysely';
import { toHeaders } from './cloud-event.ts';
import type { Fact } from './event.ts';

/** The notification channel of a schema's outbox. */
export const channelOf = (schema: string): string => `${schema}_outbox`;

// NATS takes 1 MiB with headers by default; one event too large would hold up all behind it.
const maxPayloadBytes = 512 * 1024;

/**
 * Publishes a fact if, and only if, the transaction commits. It goes to the outbox; the relay of
 * {@link startEvents} brings it to JetStream, in order per resource, under `<service>.v1.<resource>.<fact>`.
 * Actor and trace at hand go along.
 */
export async function publish<S extends DescMessage>(
  // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
  tx: Tx<any>,
  fact: Fact<S>,
): Promise<void> {
  if (!tx.isTransaction) throw new Error('publish needs a transaction: a fact and its cause commit together');
  const id = newId('evt');
  const type = `${fact.service}.v1.${fact.resource}.${fact.fact}`;
  if (!/^[a-z]+\.v1\.[a-z_-]+\.[a-z_-]+$/.test(type)) throw new Error(`not the subject of a fact: ${type}`);
  const payload = Buffer.from(toBinary(fact.schema, fact.message));
  if (payload.length > maxPayloadBytes)
    throw new Error(`the event ${type} of ${fact.id} is larger than 512 KiB`);
  const actor = currentActor();
  const headers = toHeaders({
    id,
    type,
    source: `/cnap/${fact.service}`,
    schema: fact.schema.typeName,
    resourceId: fact.id,
    version: fact.version,
    workspaceIds: fact.workspaceIds,
    time: new Date(),
    actor: actor && { ...actor, onBehalf: actor.onBehalf ?? false },
    traceparent: currentTraceparent(),
  });
  await sql`
    with published as (
      insert into outbox (id, subject, resource_id, version, headers, payload)
      values (${id}, ${type}, ${fact.id}, ${fact.version}, ${JSON.stringify(headers)}::jsonb, ${payload})
      returning 1)
    select pg_notify(current_schema() || '_outbox', '') from published`.execute(tx);
}
