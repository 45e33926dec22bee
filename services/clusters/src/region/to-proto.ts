import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { RegionSchema, type Region } from '@cnap/proto/cnap/clusters/v1/region';
import type { RegionRow } from '../database.ts';

export const regionToProto = (row: RegionRow): Region =>
  create(RegionSchema, {
    id: row.id,
    workspaceId: row.workspace_id,
    name: row.name,
    icon: row.icon,
    country: row.country,
    etag: row.version,
    createTime: timestampFromDate(row.created_at),
    updateTime: timestampFromDate(row.updated_at),
  });
