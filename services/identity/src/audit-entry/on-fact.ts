import { subscribeToHeaders, type FactHeader } from '@cnap/events';
import { newId } from '@cnap/ids';
import type { Tx } from '../database.ts';
import { isAudited } from './audited.ts';
import { insertEntry, nameActor } from './store.ts';

const publishers = ['identity', 'clusters', 'catalog', 'billing', 'installer'];

/** Every fact of every service, undecoded: what belongs into the audit log is in its headers. */
export const onEveryFact = publishers.map((service) =>
  subscribeToHeaders({ subject: `${service}.v1.>`, wants: isAudited, handle: recordFact }),
);

/** One entry in each workspace that the fact concerns. */
async function recordFact(tx: Tx, fact: FactHeader): Promise<void> {
  const { actor } = fact;
  const [, , resourceType = ''] = fact.type.split('.');
  const names = await nameActor(tx, actor?.id ?? '', actor?.credentialId ?? '');
  for (const workspaceId of new Set(fact.workspaceIds)) {
    await insertEntry(tx, {
      id: newId('aud'),
      workspace_id: workspaceId,
      event_id: fact.id,
      action: fact.type,
      resource_type: resourceType,
      resource_id: fact.resourceId,
      actor_kind: actor?.kind ?? 'anonymous',
      actor_id: actor?.id ?? '',
      actor_email: names.email,
      actor_name: names.name,
      credential_id: actor?.credentialId ?? '',
      credential_name: names.credential,
      address: actor?.address ?? '',
      trace_id: fact.traceparent?.slice(3, 35) ?? '',
      occurred_at: fact.time,
    });
  }
}
