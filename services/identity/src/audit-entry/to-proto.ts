import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { isId } from '@cnap/ids';
import {
  ActorKind,
  AuditEntrySchema,
  CredentialKind,
  type AuditEntry,
} from '@cnap/proto/cnap/identity/v1/audit_entry';
import type { AuditEntryRow } from '../database.ts';

const actorKinds: Record<AuditEntryRow['actor_kind'], ActorKind> = {
  user: ActorKind.USER,
  service: ActorKind.SERVICE,
  anonymous: ActorKind.ANONYMOUS,
};

function credentialKindOf(id: string): CredentialKind {
  if (isId('ses', id)) return CredentialKind.SESSION;
  return isId('tok', id) ? CredentialKind.TOKEN : CredentialKind.UNSPECIFIED;
}

export const auditEntryToProto = (row: AuditEntryRow): AuditEntry =>
  create(AuditEntrySchema, {
    id: row.id,
    workspaceId: row.workspace_id,
    action: row.action,
    resourceType: row.resource_type,
    resourceId: row.resource_id,
    actorKind: actorKinds[row.actor_kind],
    actorId: row.actor_id,
    actorEmail: row.actor_email,
    actorName: row.actor_name,
    credentialKind: credentialKindOf(row.credential_id),
    credentialId: row.credential_id,
    credentialName: row.credential_name,
    address: row.address,
    traceId: row.trace_id,
    eventId: row.event_id,
    occurTime: timestampFromDate(row.occurred_at),
    createTime: timestampFromDate(row.created_at),
  });
