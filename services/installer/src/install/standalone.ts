import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { firstResult } from '@cnap/postgres';
import type { Install } from '@cnap/proto/cnap/installer/v1/install';
import {
  CreateStandaloneInstallRequestSchema,
  CreateStandaloneInstallResponseSchema,
  type InstallService,
  type StandaloneSource,
} from '@cnap/proto/cnap/installer/v1/install_service';
import { workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import { repeatable } from '@cnap/service';
import type { Database, InstallRow, ProductColumn } from '../database.ts';
import { makeInstall } from './make-install.ts';
import type { CandidateSeen, Catalog, Clusters } from './port.ts';

type Deps = {
  db: Database;
  keyring: Keyring;
  catalog: Catalog;
  clusters: Clusters;
  toProto(row: InstallRow, workspaceId: string): Install;
};

/** An install without a product: nothing is fixed, asked or shown, and it runs where it was sent. */
export const standing = (clusterId: string): ProductColumn => ({
  clusterIds: [clusterId],
  podSecurity: 'baseline',
  ownerLogsOff: false,
  retainVolumesDays: 0,
  outputs: [],
  values: {},
  inputs: [],
});

export const standaloneRpc = ({
  db,
  keyring,
  catalog,
  clusters,
  toProto,
}: Deps): Pick<ServiceImpl<typeof InstallService>, 'createStandaloneInstall'> => ({
  async createStandaloneInstall(request, context) {
    const workspaceId = workspaceOf(context);
    const targets = ownClusters(
      workspaceId,
      request.clusterIds,
      await clusters.candidates(request.clusterIds, ''),
    );
    // The template first: its key is made of this call's, so that a repeat finds the one that was made.
    const key = request.requestId || newId('req');
    const { templateId, packageId } = await catalog.makeTemplate(
      context.requestHeader.get('authorization') ?? '',
      {
        name: request.name,
        sources: request.sources.map(sourceOf),
        requestId: `standalone-${createHash('sha256').update(key).digest('hex')}`,
      },
    );
    const repeat = repeatable(
      context,
      workspaceId,
      CreateStandaloneInstallRequestSchema,
      request,
      CreateStandaloneInstallResponseSchema,
    );
    return db.inWorkspace(workspaceId, (tx) =>
      firstResult(tx, repeat, async () => {
        const installs: Install[] = [];
        for (const { clusterId, regionId } of targets) {
          const row = await makeInstall(tx, keyring, {
            workspaceId,
            sellerWorkspaceId: workspaceId,
            productId: undefined,
            templateId,
            column: standing(clusterId),
            updatePolicy: 'all',
            package: undefined,
            packageId,
            regionId,
            name: request.name,
            answers: {},
            overrides: {},
            quantity: 1,
            orderId: undefined,
            idempotencyKey: request.requestId || undefined,
          });
          installs.push(toProto(row, workspaceId));
        }
        return create(CreateStandaloneInstallResponseSchema, { installs, templateId, packageId });
      }),
    );
  },
});

/** @throws DomainError not-found CLUSTER_NOT_FOUND for a cluster that is not the workspace's */
export function ownClusters(
  workspaceId: string,
  ids: readonly string[],
  candidates: readonly CandidateSeen[],
): CandidateSeen[] {
  const own = new Map(
    candidates.filter((one) => one.workspaceId === workspaceId).map((one) => [one.clusterId, one]),
  );
  const fields = ids.flatMap((id, index) =>
    own.has(id) ? [] : [{ field: `cluster_ids[${index}]`, description: 'is not a cluster of the workspace' }],
  );
  if (fields.length > 0) {
    throw new DomainError('not-found', 'CLUSTER_NOT_FOUND', 'There is no such cluster.', { fields });
  }
  return ids.flatMap((id) => own.get(id) ?? []);
}

export const sourceOf = ({
  chart,
  values,
  metadata,
}: Pick<StandaloneSource, 'chart' | 'values' | 'metadata'>) => ({
  kind: {
    case: 'helmChart' as const,
    value: {
      repoUrl: chart?.repoUrl ?? '',
      chart: chart?.chart ?? '',
      version: chart?.version ?? '',
      ...(chart?.path === undefined ? {} : { path: chart.path }),
    },
  },
  ...(values ? { values } : {}),
  ...(metadata ? { metadata } : {}),
});
