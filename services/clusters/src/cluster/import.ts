import { createHash } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { DomainError, notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import type {
  CheckKubeconfigResponseSchema,
  ImportClusterRequest,
} from '@cnap/proto/cnap/clusters/v1/cluster_service';
import { firstResult, type RepeatableRequest } from '@cnap/postgres';
import { wake } from '@cnap/reconcile';
import type { Keyring } from '@cnap/secrets';
import { currentTraceparent } from '@cnap/telemetry';
import type { ClusterRow, Database, Tx } from '../database.ts';
import { keepRegion } from '../region/store.ts';
import { clusterFact } from './event.ts';
import type { ImportFindings } from './port.ts';
import { changeCluster, insertCluster } from './store.ts';
import { settingsFromProto } from './to-proto.ts';

/** Changes whenever the kubeconfig does; says nothing about it. */
export const revisionOf = (kubeconfig: string): string =>
  createHash('sha256').update(kubeconfig).digest('hex').slice(0, 16);

/**
 * The result of the same import earlier: a repeat must not depend on whether the cluster answers by now.
 * @throws DomainError invalid-argument REQUEST_ID_REUSED
 */
export async function earlierResult<T extends object>(
  db: Database,
  repeat: RepeatableRequest<T>,
): Promise<T | undefined> {
  if (!repeat.requestId) return undefined;
  const none = new Error('this is the first');
  try {
    return await db.inWorkspace(repeat.workspaceId, (tx) =>
      firstResult(tx, repeat, () => Promise.reject(none)),
    );
  } catch (error) {
    if (error === none) return undefined;
    throw error;
  }
}

/** Stores a cluster whose checks have passed, with its fact, and begins to look after it. */
export async function storeCluster(
  tx: Tx,
  keyring: Keyring,
  workspaceId: string,
  request: ImportClusterRequest,
  found: ImportFindings,
): Promise<ClusterRow> {
  const region = await keepRegion(tx, workspaceId, request.regionId);
  if (!region) throw notFound('region', request.regionId);
  const id = newId('clu');
  const now = new Date();
  const row = await insertCluster(tx, {
    id,
    workspace_id: workspaceId,
    region_id: region.id,
    name: request.name,
    kind: 'imported',
    state: 'running',
    state_reason: '',
    state_message: '',
    server: found.server,
    kubernetes_version: found.kubernetesVersion,
    cluster_uid: found.clusterUid,
    sealed_kubeconfig: keyring.seal(found.kubeconfig, id),
    kubeconfig_revision: revisionOf(found.kubeconfig),
    settings: JSON.stringify(settingsFromProto(request.settings)),
    capacity: found.capacity ? JSON.stringify(found.capacity) : null,
    capacity_at: now,
    observed_at: now,
    failing_since: null,
    traceparent: currentTraceparent() ?? null,
  });
  await publish(tx, clusterFact('created', row, region.name));
  const running = await changeCluster(tx, id, {});
  if (!running) throw notFound('cluster', id);
  await publish(tx, clusterFact('running', running, region.name));
  await wake(tx, 'cluster', id);
  return running;
}

/** A new kubeconfig must lead to the same cluster. */
export function refuseOtherCluster(row: ClusterRow, found: ImportFindings): void {
  if (found.clusterUid === row.cluster_uid) return;
  throw new DomainError(
    'invalid-argument',
    'KUBECONFIG_INVALID',
    'The kubeconfig leads to another cluster.',
    {
      fields: [{ field: 'kubeconfig', description: 'must lead to the cluster that was imported' }],
      suggestion: 'Import the other cluster as one of its own.',
    },
  );
}

export const checkToProto = (
  found: ImportFindings,
): MessageInitShape<typeof CheckKubeconfigResponseSchema> => ({
  checks: found.checks.map(({ name, reason, message }) => ({ name, passed: reason === '', reason, message })),
  missingPermissions: found.missing,
  clusterRoleYaml: found.clusterRoleYaml,
  kubernetesVersion: found.kubernetesVersion,
  server: found.server,
});
