import { create, type JsonObject as ProtoJson } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type Product, ProductSchema, ProductState } from '@cnap/proto/cnap/catalog/v1/product';
import type { ProductRow, ProductState as StoredState } from '../database.ts';
import { fills, policies, visibilities } from './content.ts';

export const productStates: Record<StoredState, ProductState> = {
  active: ProductState.ACTIVE,
  retired: ProductState.RETIRED,
};

export function productToProto(row: ProductRow): Product {
  return create(ProductSchema, {
    id: row.id,
    workspaceId: row.workspace_id,
    name: row.name,
    description: row.description,
    imageUrl: row.image_url,
    templateId: row.template_id,
    clusterIds: row.cluster_ids,
    stripePriceIds: row.stripe_price_ids,
    values: row.values as ProtoJson,
    trialDays: row.trial_days,
    documentation: row.documentation,
    links: row.links,
    inputs: row.inputs.map((input) => ({
      ...input,
      schema: input.schema as ProtoJson,
      fill: fills[input.fill],
    })),
    outputs: row.outputs,
    showSources: row.show_sources,
    updatePolicy: policies[row.update_policy],
    visibility: visibilities[row.visibility],
    group: row.tier_group,
    ...(row.health_deadline_ms === null ? {} : { healthDeadline: durationFromMs(row.health_deadline_ms) }),
    retainVolumesDays: row.retain_volumes_days,
    ownerLogsOff: row.owner_logs_off,
    ownerExecOn: row.owner_exec_on,
    state: productStates[row.state],
    inputSchema: row.input_schema as ProtoJson,
    etag: row.version,
    createTime: timestampFromDate(row.create_time),
    updateTime: timestampFromDate(row.update_time),
  });
}
