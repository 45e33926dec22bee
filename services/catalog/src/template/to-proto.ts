import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { JsonObject as ProtoJson } from '@bufbuild/protobuf';
import {
  PodSecurity,
  RegistryProxyMode,
  type Source,
  SourceSchema,
  type Template,
  TemplateSchema,
} from '@cnap/proto/cnap/catalog/v1/template';
import type {
  PodSecurity as StoredPodSecurity,
  RegistryProxyMode as StoredProxyMode,
  StoredSource,
  TemplateRow,
} from '../database.ts';
import { waitForToProto } from './wait-for.ts';

export const podSecurities: Record<StoredPodSecurity, PodSecurity> = {
  baseline: PodSecurity.BASELINE,
  restricted: PodSecurity.RESTRICTED,
  privileged: PodSecurity.PRIVILEGED,
};

const proxyModes: Record<StoredProxyMode, RegistryProxyMode> = {
  auto: RegistryProxyMode.AUTO,
  always: RegistryProxyMode.ALWAYS,
  never: RegistryProxyMode.NEVER,
};

/** Unspecified is baseline. */
export const podSecurityFrom = (value: PodSecurity): StoredPodSecurity =>
  keyOf(podSecurities, value) ?? 'baseline';

/** Unspecified is auto. */
export const proxyModeFrom = (value: RegistryProxyMode): StoredProxyMode =>
  keyOf(proxyModes, value) ?? 'auto';

function keyOf<K extends string, V>(table: Record<K, V>, value: V): K | undefined {
  return (Object.keys(table) as K[]).find((key) => table[key] === value);
}

export function templateToProto(row: TemplateRow): Template {
  return create(TemplateSchema, {
    id: row.id,
    workspaceId: row.workspace_id,
    name: row.name,
    sources: row.sources.map(sourceToProto),
    podSecurity: podSecurities[row.pod_security],
    registryProxyMode: proxyModes[row.registry_proxy_mode],
    latestPackageId: row.latest_package_id ?? '',
    etag: row.version,
    createTime: timestampFromDate(row.create_time),
    updateTime: timestampFromDate(row.update_time),
  });
}

function sourceToProto(source: StoredSource): Source {
  return create(SourceSchema, {
    id: source.id,
    alias: source.alias,
    kind: {
      case: 'helmChart',
      value: {
        repoUrl: source.repoUrl,
        chart: source.chart,
        version: source.version,
        ...(source.path === undefined ? {} : { path: source.path }),
      },
    },
    values: source.values as ProtoJson,
    ...(source.metadata === undefined ? {} : { metadata: source.metadata as ProtoJson }),
    waitFor: waitForToProto(source.waitFor),
  });
}
