import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { ReleaseSchema, ReleaseState, type Release } from '@cnap/proto/cnap/installer/v1/release';
import type { ReleaseRow, ReleaseStateName } from '../database.ts';

const stateToProto: Record<ReleaseStateName, ReleaseState> = {
  applying: ReleaseState.APPLYING,
  healthy: ReleaseState.HEALTHY,
  failed: ReleaseState.FAILED,
  superseded: ReleaseState.SUPERSEDED,
};

export const releaseToProto = (row: ReleaseRow): Release =>
  create(ReleaseSchema, {
    id: row.id,
    installId: row.install_id,
    revision: row.revision,
    packageId: row.package_id,
    packageVersion: row.package_version,
    state: stateToProto[row.state],
    message: row.message,
    objects: row.objects,
    createTime: timestampFromDate(row.created_at),
  });
