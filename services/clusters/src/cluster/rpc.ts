import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import { pageQuery, toPage } from '@cnap/pages';
import { firstResult } from '@cnap/postgres';
import {
  ImportClusterRequestSchema,
  ImportClusterResponseSchema,
  type ClusterService,
} from '@cnap/proto/cnap/clusters/v1/cluster_service';
import { wake } from '@cnap/reconcile';
import { workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import { etagMismatch, repeatable, watchRow } from '@cnap/service';
import type { Database } from '../database.ts';
import { findRegion, regionOf } from '../region/store.ts';
import { refuseFailedChecks } from './checks.ts';
import { clusterFact } from './event.ts';
import { checkToProto, earlierResult, refuseOtherCluster, revisionOf, storeCluster } from './import.ts';
import type { KubernetesPort } from './port.ts';
import { changeCluster, clusterChanged, deleteCluster, findCluster, listClusters } from './store.ts';
import { clusterToProto, settingsFromProto } from './to-proto.ts';
import type { ClusterUsage } from './usage-port.ts';

type Deps = { db: Database; keyring: Keyring; kubernetes: KubernetesPort; usage: ClusterUsage };

export const clusterRpc = ({ db, keyring, kubernetes, usage }: Deps): ServiceImpl<typeof ClusterService> => ({
  async getCluster({ id }, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => findCluster(tx, workspaceId, id));
    if (!row) throw notFound('cluster', id);
    return { cluster: clusterToProto(row) };
  },

  async listClusters(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const rows = await db.inWorkspace(workspaceId, (tx) =>
      listClusters(tx, workspaceId, request.regionId, page),
    );
    const result = toPage(rows, page, (row) => ({ time: row.created_at, id: row.id }));
    return { clusters: result.rows.map(clusterToProto), nextPageToken: result.nextPageToken };
  },

  async importCluster(request, context) {
    const workspaceId = workspaceOf(context);
    const repeat = repeatable(
      context,
      workspaceId,
      ImportClusterRequestSchema,
      request,
      ImportClusterResponseSchema,
    );
    const earlier = await earlierResult(db, repeat);
    if (earlier) return earlier;
    const region = await db.inWorkspace(workspaceId, (tx) => findRegion(tx, workspaceId, request.regionId));
    if (!region) throw notFound('region', request.regionId);
    const found = await kubernetes.inspect(
      request.kubeconfig,
      { context: request.context, clusterWideObjects: !request.settings?.clusterWideObjectsForbidden },
      context.signal,
    );
    refuseFailedChecks(found);
    return db.inWorkspace(workspaceId, (tx) =>
      firstResult(tx, repeat, async () => {
        const row = await storeCluster(tx, keyring, workspaceId, request, found);
        return create(ImportClusterResponseSchema, { cluster: clusterToProto(row) });
      }),
    );
  },

  async checkKubeconfig({ kubeconfig, context: contextName, clusterWideObjectsForbidden }, context) {
    const options = { context: contextName, clusterWideObjects: !clusterWideObjectsForbidden };
    try {
      return checkToProto(await kubernetes.inspect(kubeconfig, options, context.signal));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { checks: [{ name: 'parses', passed: false, reason: error.reason, message: error.message }] };
    }
  },

  async updateCluster({ id, name, regionId, settings, kubeconfig, context: contextName, etag }, context) {
    const workspaceId = workspaceOf(context);
    const before = await db.inWorkspace(workspaceId, (tx) => findCluster(tx, workspaceId, id));
    if (!before) throw notFound('cluster', id);
    const wanted = settings ? settingsFromProto(settings) : before.settings;
    const clusterWideObjects = !wanted.clusterWideObjectsForbidden;
    const options = { context: contextName, clusterWideObjects };
    const found =
      kubeconfig === undefined ? undefined : await kubernetes.inspect(kubeconfig, options, context.signal);
    // What was not asked for at the import is needed from now on.
    if (!found && clusterWideObjects && before.settings.clusterWideObjectsForbidden) {
      const known = keyring.openText(before.sealed_kubeconfig, id);
      refuseFailedChecks(await kubernetes.inspect(known, { ...options, context: '' }, context.signal));
    }
    if (found) {
      refuseFailedChecks(found);
      refuseOtherCluster(before, found);
    }
    const row = await db.inWorkspace(workspaceId, async (tx) => {
      const region = await regionOf(tx, workspaceId, regionId ?? before.region_id);
      const changed = await changeCluster(
        tx,
        id,
        {
          ...(regionId === undefined ? {} : { region_id: regionId }),
          ...(settings ? { settings: JSON.stringify(wanted) } : {}),
          ...(name === undefined ? {} : { name }),
          ...(found
            ? {
                server: found.server,
                sealed_kubeconfig: keyring.seal(found.kubeconfig, id),
                kubeconfig_revision: revisionOf(found.kubeconfig),
              }
            : {}),
        },
        etag,
      );
      if (!changed) throw etagMismatch('cluster');
      if (found) await wake(tx, 'cluster', id); // it may have waited for this kubeconfig
      await publish(tx, clusterFact('updated', changed, region.name));
      return changed;
    });
    return { cluster: clusterToProto(row) };
  },

  async deleteCluster({ id }, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => findCluster(tx, workspaceId, id));
    if (!row) throw notFound('cluster', id);
    const users = await usage.ofCluster(id);
    if (users.count > 0) {
      const names = users.exampleIds.join(', ');
      throw new DomainError(
        'failed-precondition',
        'CLUSTER_IN_USE',
        `The cluster still has ${users.count} install(s): ${names}.`,
        {
          metadata: { installs: names },
          suggestion:
            row.state === 'unreachable'
              ? 'If it is gone for good, the workspace’s owner can forget it.'
              : 'Delete its installs first.',
        },
      );
    }
    await db.inWorkspace(workspaceId, async (tx) => {
      const deleted = await deleteCluster(tx, id);
      if (deleted) await wake(tx, 'cluster', id);
      if (deleted)
        await publish(tx, clusterFact('deleted', deleted, row.region_name, Number(deleted.version) + 1));
    });
    return {};
  },

  async forgetCluster({ id }, context) {
    const workspaceId = workspaceOf(context);
    await db.inWorkspace(workspaceId, async (tx) => {
      const row = await findCluster(tx, workspaceId, id, { locked: true });
      if (!row) throw notFound('cluster', id);
      if (row.state !== 'unreachable') {
        const message = 'The cluster can be reached; only one that cannot is forgotten.';
        throw new DomainError('failed-precondition', 'CLUSTER_REACHABLE', message, {
          suggestion: 'Delete its installs, and then the cluster.',
        });
      }
      await deleteCluster(tx, id);
      await wake(tx, 'cluster', id);
      await publish(tx, clusterFact('forgotten', row, row.region_name, Number(row.version) + 1));
    });
    return {};
  },

  async *watchCluster({ id }, context) {
    const workspaceId = workspaceOf(context);
    const read = () => db.inWorkspace(workspaceId, (tx) => findCluster(tx, workspaceId, id));
    if (!(await read())) throw notFound('cluster', id);
    const versionOf = (row: { version: string }) => row.version;
    const { signal } = context;
    for await (const row of watchRow({ db, channel: clusterChanged, signal, read, versionOf })) {
      yield { cluster: clusterToProto(row) };
    }
  },
});
