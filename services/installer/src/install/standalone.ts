import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import { firstResult } from '@cnap/postgres';
import type { Install } from '@cnap/proto/cnap/installer/v1/install';
import {
  CreateStandaloneInstallRequestSchema,
  CreateStandaloneInstallResponseSchema,
  type InstallService,
} from '@cnap/proto/cnap/installer/v1/install_service';
import { workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import { repeatable } from '@cnap/service';
import type { Database, InstallRow } from '../database.ts';
import type { CandidateSeen, Catalog, Clusters } from './port.ts';
import { makeStandingInstall, makeStandingTemplate } from './standing.ts';

type Deps = {
  db: Database;
  keyring: Keyring;
  catalog: Catalog;
  clusters: Clusters;
  toProto(row: InstallRow, workspaceId: string): Install;
};

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
    const template = await makeStandingTemplate(catalog, context, 'standalone', request, request.sources);
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
          const where = { workspaceId, clusterId, regionId };
          const row = await makeStandingInstall(tx, keyring, request, template, where);
          installs.push(toProto(row, workspaceId));
        }
        return create(CreateStandaloneInstallResponseSchema, { installs, ...template });
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
