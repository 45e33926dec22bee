import type { ServiceImpl } from '@connectrpc/connect';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { pageQuery, toPage } from '@cnap/pages';
import type { AuditEntryService } from '@cnap/proto/cnap/identity/v1/audit_entry_service';
import { workspaceOf } from '@cnap/rpc';
import type { Database } from '../database.ts';
import { listEntries } from './store.ts';
import { auditEntryToProto } from './to-proto.ts';

export const auditEntryRpc = ({ db }: { db: Database }): ServiceImpl<typeof AuditEntryService> => ({
  async listAuditEntries(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const { resourceId, actorId, action, startTime, endTime } = request;
    const filter = {
      resourceId,
      actorId,
      action,
      from: startTime && timestampDate(startTime),
      until: endTime && timestampDate(endTime),
    };
    const rows = await db.inWorkspace(workspaceId, (tx) => listEntries(tx, workspaceId, filter, page));
    const result = toPage(rows, page, (row) => ({ time: row.occurred_at, id: row.id }));
    return { auditEntries: result.rows.map(auditEntryToProto), nextPageToken: result.nextPageToken };
  },
});
