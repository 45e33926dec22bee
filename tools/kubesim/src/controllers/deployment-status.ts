import { saveObject } from '../api/cluster.ts';
import { timestamp } from '../objects/object.ts';
import type { ControllerContext } from './controller.ts';
import type { Condition, Workload } from './types.ts';
import { setCondition } from './types.ts';

export const key = 'deployments.apps';

export interface Deployment extends Workload {
  spec: Workload['spec'] & {
    strategy?: {
      type?: string;
      rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string };
    };
    paused?: boolean;
    revisionHistoryLimit?: number;
    progressDeadlineSeconds?: number;
  };
}

export const count = (set: Workload | undefined, field: string): number => Number(set?.status?.[field] ?? 0);
export const total = (list: Workload[], field: string): number =>
  list.reduce((sum, set) => sum + count(set, field), 0);

export const share = (value: number | string | undefined, of: number, round: (n: number) => number): number =>
  typeof value === 'string' && value.endsWith('%')
    ? round((Number.parseFloat(value) / 100) * of)
    : Number(value ?? 0);

/** Counts pods and says how far a rollout is, and whether it takes too long. */
export function report(
  context: ControllerContext,
  deployment: Deployment,
  current: Workload | undefined,
  owned: Workload[],
): void {
  const { cluster, wakeAfter } = context;
  const now = cluster.now();
  const at = timestamp(now);
  const replicas = deployment.spec.replicas ?? 1;
  const available = total(owned, 'availableReplicas');
  const updated = count(current, 'replicas');
  const all = total(owned, 'replicas');
  const ready = total(owned, 'readyReplicas');
  const surge = share(deployment.spec.strategy?.rollingUpdate?.maxUnavailable, replicas, Math.floor);
  const enough = available >= replicas - surge;
  const before = deployment.status ?? {};
  const condition = (type: string, ok: boolean, reason: string, message: string): Condition => ({
    type,
    status: ok ? 'True' : 'False',
    reason,
    message,
  });
  let conditions = setCondition(
    before.conditions,
    enough
      ? condition('Available', true, 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
      : condition(
          'Available',
          false,
          'MinimumReplicasUnavailable',
          'Deployment does not have minimum availability.',
        ),
    at,
  );
  const failure = current?.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  conditions = failure
    ? setCondition(conditions, { ...failure, reason: 'FailedCreate' }, at)
    : conditions.filter(({ type }) => type !== 'ReplicaFailure');
  const complete =
    updated === replicas &&
    all === replicas &&
    available >= replicas &&
    before['observedGeneration'] !== undefined;
  const moved = ['updatedReplicas', 'availableReplicas', 'readyReplicas', 'replicas'].some(
    (field) =>
      Number(before[field] ?? 0) !==
      { updatedReplicas: updated, availableReplicas: available, readyReplicas: ready, replicas: all }[field],
  );
  const progressing = before.conditions?.find(({ type }) => type === 'Progressing');
  const deadline = (deployment.spec.progressDeadlineSeconds ?? 600) * 1000;
  const named = `ReplicaSet ${JSON.stringify(current?.metadata.name ?? deployment.metadata.name)}`;
  if (complete) {
    conditions = setCondition(
      conditions,
      condition('Progressing', true, 'NewReplicaSetAvailable', `${named} has successfully progressed.`),
      at,
    );
  } else if (
    moved ||
    !progressing ||
    progressing.reason === 'NewReplicaSetAvailable' ||
    before['observedGeneration'] !== deployment.metadata.generation
  ) {
    const next = condition('Progressing', true, 'ReplicaSetUpdated', `${named} is progressing.`);
    conditions = setCondition(conditions, next, at).map((item) =>
      item.type === 'Progressing' ? { ...item, lastUpdateTime: at } : item,
    );
    wakeAfter(deadline + 1_000);
  } else if (now - Date.parse(progressing.lastUpdateTime ?? at) >= deadline) {
    conditions = setCondition(
      conditions,
      condition('Progressing', false, 'ProgressDeadlineExceeded', `${named} has timed out progressing.`),
      at,
    );
  } else {
    wakeAfter(deadline + 1_000 - (now - Date.parse(progressing.lastUpdateTime ?? at)));
  }
  const positive = Object.entries({
    replicas: all,
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: available,
    unavailableReplicas: Math.max(0, Math.max(all, replicas) - available),
  }).filter(([, value]) => value > 0);
  deployment.status = {
    observedGeneration: deployment.metadata.generation,
    ...Object.fromEntries(positive),
    conditions,
  };
  saveObject(cluster, key, deployment);
}
