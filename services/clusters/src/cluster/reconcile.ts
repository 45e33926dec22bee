import { publish } from '@cnap/events';
import { done, requeueAfter, type Reconcile } from '@cnap/reconcile';
import type { Keyring } from '@cnap/secrets';
import { withTrace } from '@cnap/telemetry';
import type { Database } from '../database.ts';
import { clusterFact } from './event.ts';
import { judge, type Pace } from './plan.ts';
import type { KubernetesPort, Look } from './port.ts';
import { changeCluster, loadCluster, recordObservation, type ClusterInRegion } from './store.ts';

type Deps = { db: Database; keyring: Keyring; kubernetes: KubernetesPort; pace: Pace };

/** However long a cluster asks to be left alone. */
const longestRestMs = 30_000;

/** Looks at a cluster again and again: does it answer, which version, how much room. */
export const reconcileCluster =
  ({ db, keyring, kubernetes, pace }: Deps): Reconcile =>
  async ({ key, signal, write }) => {
    const row = await db.acrossWorkspaces((tx) => loadCluster(tx, key));
    if (!row) await kubernetes.forget(key);
    if (!row || row.state === 'deleting' || row.state === 'error') return done;
    const now = new Date();
    const withCapacity = now.getTime() - (row.capacity_at?.getTime() ?? 0) > pace.capacityEveryMs;
    const look = await lookAt(row, { keyring, kubernetes }, withCapacity, signal);
    const verdict = judge(
      {
        state: row.state,
        stateReason: row.state_reason,
        stateMessage: row.state_message,
        kubernetesVersion: row.kubernetes_version,
        capacity: row.capacity,
        failingSince: row.failing_since,
      },
      look,
      now,
      pace,
    );
    await withTrace(row.traceparent ?? undefined, () =>
      write(async (tx) => {
        await recordObservation(tx, key, {
          failing_since: verdict.failingSince,
          ...(look.answered === true ? { observed_at: now } : {}),
          ...(look.answered === true && withCapacity ? { capacity_at: now } : {}),
        });
        if (!verdict.change || !verdict.fact) return;
        const { state, stateReason, stateMessage, kubernetesVersion, capacity } = verdict.change;
        const changed = await changeCluster(tx, key, {
          ...(state === undefined ? {} : { state }),
          ...(stateReason === undefined ? {} : { state_reason: stateReason }),
          ...(stateMessage === undefined ? {} : { state_message: stateMessage }),
          ...(kubernetesVersion === undefined ? {} : { kubernetes_version: kubernetesVersion }),
          ...(capacity === undefined ? {} : { capacity: JSON.stringify(capacity) }),
        });
        if (changed) await publish(tx, clusterFact(verdict.fact, changed, row.region_name));
      }),
    );
    if (look.answered === 'later') {
      const afterMs = Math.min(longestRestMs, look.afterMs);
      return requeueAfter(Math.max(pace.lookAgainMs, afterMs), 'it asks to be left alone for a while');
    }
    return requeueAfter(pace.lookAgainMs, look.answered ? 'answers' : look.message);
  };

function lookAt(
  row: ClusterInRegion,
  { keyring, kubernetes }: Pick<Deps, 'keyring' | 'kubernetes'>,
  withCapacity: boolean,
  signal: AbortSignal,
): Promise<Look> {
  const kubeconfig = () => keyring.openText(row.sealed_kubeconfig, row.id);
  const cluster = { id: row.id, revision: row.kubeconfig_revision, uid: row.cluster_uid };
  return kubernetes.observe(cluster, kubeconfig, withCapacity, signal);
}
