import { create, type JsonObject } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  InstallReplacePolicy,
  InstallSchema,
  InstallState,
  InstallUpdatePolicy,
  type Install,
} from '@cnap/proto/cnap/installer/v1/install';
import { driftPolicyToProto } from '../drift/to-proto.ts';
import type { InstallRow, InstallStateName, Output, UpdatePolicyName } from '../database.ts';

export const stateToProto: Record<InstallStateName, InstallState> = {
  pending: InstallState.PENDING,
  placing: InstallState.PLACING,
  deploying: InstallState.DEPLOYING,
  running: InstallState.RUNNING,
  updating: InstallState.UPDATING,
  degraded: InstallState.DEGRADED,
  hibernating: InstallState.HIBERNATING,
  hibernated: InstallState.HIBERNATED,
  reviving: InstallState.REVIVING,
  failed: InstallState.FAILED,
  deleting: InstallState.DELETING,
  deleted: InstallState.DELETED,
  detached: InstallState.DETACHED,
};

export const policyToProto: Record<UpdatePolicyName, InstallUpdatePolicy> = {
  manual: InstallUpdatePolicy.MANUAL,
  patch: InstallUpdatePolicy.PATCH,
  all: InstallUpdatePolicy.ALL,
};

/** Who looks: the owning workspace, the operating one, or one that is both. */
export type Viewer = { owns: boolean; operates: boolean };

export const viewerOf = (row: InstallRow, workspaceId: string): Viewer => ({
  owns: row.workspace_id === workspaceId,
  operates: row.seller_workspace_id === workspaceId,
});

/** What a viewer may see: clusters and notes are the operator's, inputs' secrets and outputs the owner's. */
export function installToProto(row: InstallRow, viewer: Viewer, outputs: Output[]): Install {
  return create(InstallSchema, {
    id: row.id,
    workspaceId: row.workspace_id,
    sellerWorkspaceId: row.seller_workspace_id,
    name: row.name,
    productId: row.product_id ?? '',
    templateId: row.template_id,
    orderId: row.order_id ?? '',
    regionId: row.region_id,
    clusterId: viewer.operates ? (row.cluster_id ?? '') : '',
    namespace: row.namespace ?? '',
    state: stateToProto[row.state],
    reason: row.reason,
    message: row.message,
    conditions: row.conditions.map(({ time, ...condition }) => ({
      ...condition,
      time: timestampFromDate(new Date(time)),
    })),
    progress: {
      objectsApplied: row.objects_applied,
      objectsTotal: row.objects_total,
      workloads: row.workloads,
    },
    endpoints: row.endpoints,
    outputs: viewer.owns ? outputs : [],
    releaseId: row.release_id ?? '',
    updatePolicy: policyToProto[row.update_policy],
    driftPolicy: driftPolicyToProto[row.drift_policy],
    replacePolicy:
      row.replace_policy === 'replace' ? InstallReplacePolicy.REPLACE : InstallReplacePolicy.FAIL,
    revision: row.revision,
    packageVersion: row.package_version,
    inputs: row.public_inputs as JsonObject,
    placement: viewer.operates ? row.placement : [],
    etag: row.version,
    createTime: timestampFromDate(row.created_at),
    updateTime: timestampFromDate(row.updated_at),
    ...(row.ready_at ? { readyTime: timestampFromDate(row.ready_at) } : {}),
    notes: viewer.operates ? row.notes : '',
  });
}
