import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { PackageEventSchema } from '@cnap/proto/cnap/catalog/v1/package_event';
import type { PackageRow } from '../database.ts';

const packageFact =
  (fact: 'queued' | 'ready' | 'failed') =>
  (row: PackageRow): Fact => ({
    service: 'catalog',
    resource: 'package',
    fact,
    id: row.id,
    version: Number(row.version),
    workspaceIds: [row.workspace_id],
    schema: PackageEventSchema,
    message: create(PackageEventSchema, {
      packageId: row.id,
      workspaceId: row.workspace_id,
      templateId: row.template_id,
      version: row.semantic_version ?? '',
      digest: fact === 'ready' ? (row.digest ?? '') : '',
      message: fact === 'failed' ? row.state_message : '',
    }),
  });

export const packageQueued = packageFact('queued');
export const packageReady = packageFact('ready');
export const packageFailed = packageFact('failed');
