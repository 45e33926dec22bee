import { create, type JsonObject as ProtoJson } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type Package, PackageSchema, PackageState, VersionBump } from '@cnap/proto/cnap/catalog/v1/package';
import type { PackageRow, PackageState as StoredState, VersionBump as StoredBump } from '../database.ts';
import { waitForToProto } from '../template/wait-for.ts';

const states: Record<StoredState, PackageState> = {
  queued: PackageState.QUEUED,
  resolving: PackageState.RESOLVING,
  bundling: PackageState.BUNDLING,
  verifying: PackageState.VERIFYING,
  ready: PackageState.READY,
  failed: PackageState.FAILED,
};

/** Unspecified is patch. */
export function bumpFrom(bump: VersionBump): StoredBump {
  if (bump === VersionBump.MAJOR) return 'major';
  return bump === VersionBump.MINOR ? 'minor' : 'patch';
}

export function packageToProto(row: PackageRow): Package {
  const ready = row.state === 'ready';
  return create(PackageSchema, {
    id: row.id,
    workspaceId: row.workspace_id,
    templateId: row.template_id,
    version: row.semantic_version ?? '',
    state: states[row.state],
    stateMessage: row.state_message,
    digest: row.digest ?? '',
    sizeBytes: BigInt(row.size_bytes ?? 0),
    sources: row.resolved.map(({ waitFor, ...source }) => ({ ...source, waitFor: waitForToProto(waitFor) })),
    images: row.images,
    kinds: row.kinds,
    generatedFields: row.generated_fields,
    ...(row.needs === null
      ? {}
      : {
          needs: {
            cpuMillis: BigInt(Math.round(row.needs.cpuMillis)),
            memoryBytes: BigInt(Math.round(row.needs.memoryBytes)),
            pods: row.needs.pods,
          },
        }),
    ...(ready && row.values_schema !== null ? { valuesSchema: row.values_schema as ProtoJson } : {}),
    ...(ready && row.values !== null ? { values: row.values as ProtoJson } : {}),
    kubernetesVersionRange: row.kubernetes_version_range,
    createTime: timestampFromDate(row.create_time),
    updateTime: timestampFromDate(row.update_time),
  });
}
