import type { ClusterEvent } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import type { InstallRow, InstallStateName, Tx } from '../database.ts';
import { withCondition } from '../install/conditions.ts';
import type { Found } from '../install/steps.ts';
import { lockPlacement } from '../install/store.ts';

const gone = 'Its cluster is gone for good. Should it ever return, this goes on by itself.';
const goneWhileDeleted =
  'Its cluster is gone for good. Should it ever return, what is left there is deleted.';

/**
 * Notes that a cluster is forgotten, for its installs to find.
 * @returns the installs to wake
 */
export async function forgetCluster(tx: Tx, event: ClusterEvent): Promise<string[]> {
  const { clusterId, clusterUid, workspaceId } = event;
  // Who is being placed on it at this moment comes before this, and is found; or after, and goes elsewhere.
  await lockPlacement(tx, [clusterId]);
  await tx
    .insertInto('known_clusters')
    .values({ workspace_id: workspaceId, cluster_uid: clusterUid, cluster_id: clusterId, forgotten: true })
    .onConflict((conflict) =>
      conflict
        .columns(['workspace_id', 'cluster_uid'])
        .doUpdateSet({ forgotten: true })
        // Facts of two clusters may come the other way round: it has returned already.
        .where('known_clusters.cluster_id', '=', clusterId),
    )
    .execute();
  const detached = await tx
    .updateTable('installs')
    .set({ detached_uid: clusterUid })
    .where('cluster_id', '=', clusterId)
    .where('deleted_at', 'is', null)
    .returning('id')
    .execute();
  const known = await tx
    .selectFrom('known_clusters')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('cluster_uid', '=', clusterUid)
    .executeTakeFirstOrThrow();
  if (!known.forgotten) await attach(tx, known);
  return detached.map(({ id }) => id);
}

/**
 * Notes that a cluster is there. What waited for it, in the workspace that had forgotten it, goes on there.
 * @returns the installs to wake
 */
export async function clusterReturns(tx: Tx, event: ClusterEvent): Promise<string[]> {
  const known = await tx
    .insertInto('known_clusters')
    .values({
      workspace_id: event.workspaceId,
      cluster_uid: event.clusterUid,
      cluster_id: event.clusterId,
      forgotten: false,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['workspace_id', 'cluster_uid'])
        .doUpdateSet({ cluster_id: event.clusterId, forgotten: false }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return attach(tx, known);
}

async function attach(
  tx: Tx,
  {
    workspace_id,
    cluster_uid,
    cluster_id,
  }: { workspace_id: string; cluster_uid: string; cluster_id: string },
): Promise<string[]> {
  const attached = await tx
    .updateTable('installs')
    .set({ detached_uid: null, cluster_id })
    .where('detached_uid', '=', cluster_uid)
    .where('seller_workspace_id', '=', workspace_id)
    .where('deleted_at', 'is', null)
    .returning('id')
    .execute();
  return attached.map(({ id }) => id);
}

/** Those of some clusters that nothing is placed on any more. */
export async function forgottenOf(tx: Tx, clusterIds: readonly string[]): Promise<Set<string>> {
  if (clusterIds.length === 0) return new Set();
  const rows = await tx
    .selectFrom('known_clusters')
    .select('cluster_id')
    .where('cluster_id', 'in', clusterIds)
    .where('forgotten', '=', true)
    .execute();
  return new Set(rows.map((row) => row.cluster_id));
}

const over = new Set<InstallStateName>(['detached', 'deleted']);

/** The turn of an install whose cluster is forgotten, or has returned. */
export function detachedTurn(row: InstallRow): Found | undefined {
  if (row.detached_uid !== null) return over.has(row.state) ? { do: 'rest' } : becomeDetached(row);
  return row.state === 'detached' ? goOn(row) : undefined;
}

function becomeDetached(row: InstallRow): Found {
  const message = row.wanted === 'absent' ? goneWhileDeleted : gone;
  return {
    do: 'rest',
    change: {
      state: 'detached',
      detached_from: row.state,
      reason: 'ClusterForgotten',
      message,
      workloads: JSON.stringify(row.workloads.map((one) => ({ ...one, ready: false, message: '' }))),
      endpoints: JSON.stringify(row.endpoints.map((one) => ({ ...one, ready: false }))),
      conditions: withCondition(row, 'Healthy', false, 'ClusterForgotten', message),
    },
    fact: 'detached',
  };
}

/** What ran is looked at before it is said to run; everything else goes on where it was. */
function goOn(row: InstallRow): Found {
  const before = row.detached_from ?? 'degraded';
  const state = row.wanted === 'absent' ? 'deleting' : before === 'running' ? 'degraded' : before;
  return {
    do: 'go',
    step: row.step,
    change: {
      state,
      detached_from: null,
      reason: row.wanted === 'absent' ? 'Removal' : '',
      message: 'Its cluster has returned.',
      // Whoever holds up a removal there has the time anew.
      step_at: new Date(),
      // It has its whole time anew.
      ...(state === 'updating' ? { update_began_at: new Date() } : {}),
    },
    fact: 'reattached',
  };
}
