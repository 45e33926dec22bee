import { type KubeObject, type ObjectRef, describeRef, groupOf } from '@cnap/kubernetes';

import type { Health, HealthReport, ObjectHealth } from './port.ts';
import { explainRefusal } from './waiting.ts';

// As kstatus does: https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
type Condition = { type: string; status: string; reason?: string; message?: string };
type Status = Record<string, unknown> & { conditions?: Condition[]; observedGeneration?: number };
type Spec = Record<string, unknown>;
type Rule = (object: KubeObject, spec: Spec, status: Status) => Health;

const current: Health = { state: 'current', message: '' };
const progressing = (message: string): Health => ({ state: 'progressing', message });
const failed = (message: string): Health => ({ state: 'failed', message });

/** Kinds that RUNNING waits for, which are those that `helm --wait` waits for. */
const gating: Record<string, Rule> = {
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'apps/DaemonSet': daemonSet,
  'apps/ReplicaSet': replicaSet,
  '/ReplicationController': replicaSet,
  'batch/Job': job,
  '/PersistentVolumeClaim': volumeClaim,
  '/Pod': pod,
  'apiextensions.k8s.io/CustomResourceDefinition': customResourceDefinition,
};

/**
 * How an object is; `undefined` as the object means that it is not there.
 * @param ref `wait`: its source says that RUNNING waits for it, whatever kind it is
 */
export function healthOf(ref: ObjectRef & { wait?: boolean }, object: KubeObject | undefined): ObjectHealth {
  const rule = gating[`${groupOf(ref.apiVersion)}/${ref.kind}`];
  const gates = rule !== undefined || ref.wait === true;
  if (!object) {
    // A finished Job may be gone by its ttlSecondsAfterFinished.
    const missing = ref.kind === 'Job' ? current : progressing(`${describeRef(ref)} is not there`);
    return { ref, gates: true, ...missing };
  }
  if (object.metadata.deletionTimestamp !== undefined) {
    return { ref, gates, ...progressing(`${describeRef(ref)} is being deleted`) };
  }
  const spec = (object['spec'] ?? {}) as Spec;
  const status = (object['status'] ?? {}) as Status;
  const { generation } = object.metadata;
  const stale =
    typeof status.observedGeneration === 'number' &&
    generation !== undefined &&
    status.observedGeneration < generation;
  const found = stale
    ? progressing('the last change has not been seen yet')
    : (rule ?? anything)(object, spec, status);
  return {
    ref,
    gates,
    state: found.state,
    message: found.message === '' ? '' : `${describeRef(ref)}: ${found.message}`,
  };
}

/** The worst of what gates; what does not gate is told as warnings. */
export function reportOf(objects: ObjectHealth[]): HealthReport {
  const gates = objects.filter((object) => object.gates);
  const bad =
    gates.find(({ state }) => state === 'failed') ?? gates.find(({ state }) => state === 'progressing');
  return {
    state: bad?.state ?? 'current',
    message: bad?.message ?? '',
    objects,
    warnings: objects
      .filter((object) => !object.gates && object.state !== 'current')
      .map(({ message }) => message),
  };
}

/** Whether an object's health has to be looked at: all that gates, and what may warn. */
export function hasHealth(ref: ObjectRef): boolean {
  return !withoutHealth.has(`${groupOf(ref.apiVersion)}/${ref.kind}`);
}

const withoutHealth = new Set([
  ...['ConfigMap', 'Secret', 'ServiceAccount', 'LimitRange', 'ResourceQuota', 'Namespace'].map(
    (kind) => `/${kind}`,
  ),
  ...['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'].map(
    (kind) => `rbac.authorization.k8s.io/${kind}`,
  ),
  'networking.k8s.io/NetworkPolicy',
  'networking.k8s.io/IngressClass',
  'policy/PodDisruptionBudget',
  'scheduling.k8s.io/PriorityClass',
  'batch/CronJob',
]);

function number(value: unknown, otherwise = 0): number {
  return typeof value === 'number' ? value : otherwise;
}

function condition(status: Status, type: string): Condition | undefined {
  return status.conditions?.find((one) => one.type === type);
}

function seen(status: Status): boolean {
  return typeof status.observedGeneration === 'number';
}

function deployment(_object: KubeObject, spec: Spec, status: Status): Health {
  if (!seen(status)) return progressing('waits for its controller');
  if (spec['paused'] === true) return current; // until somebody goes on with it
  const progress = condition(status, 'Progressing');
  const trouble = condition(status, 'ReplicaFailure');
  if (trouble?.status === 'True') return progressing(explainRefusal(trouble.message ?? '').message);
  const wanted = number(spec['replicas'], 1);
  const updated = number(status['updatedReplicas']);
  const available = number(status['availableReplicas']);
  const total = number(status['replicas']);
  const late =
    progress?.reason === 'ProgressDeadlineExceeded' ? ' (takes longer than its progress deadline)' : '';
  if (updated < wanted) return progressing(`${updated} of ${wanted} pods updated${late}`);
  if (total > updated) return progressing(`${total - updated} old pods are ending${late}`);
  if (available < wanted) return progressing(`${available} of ${wanted} pods available${late}`);
  const isAvailable = condition(status, 'Available');
  if (isAvailable?.status === 'False') return progressing(isAvailable.message ?? 'is not available');
  return current;
}

function statefulSet(_object: KubeObject, spec: Spec, status: Status): Health {
  if (!seen(status)) return progressing('waits for its controller');
  const wanted = number(spec['replicas'], 1);
  const ready = number(status['readyReplicas']);
  const strategy = (spec['updateStrategy'] ?? {}) as {
    type?: string;
    rollingUpdate?: { partition?: number };
  };
  if (ready < wanted) return progressing(`${ready} of ${wanted} pods ready`);
  if (number(status['replicas']) > wanted) return progressing('pods are ending');
  if (strategy.type === 'OnDelete') return current; // pods are updated when somebody deletes them
  const updatedWanted = Math.max(0, wanted - number(strategy.rollingUpdate?.partition));
  const updated =
    status['currentRevision'] === status['updateRevision'] ? wanted : number(status['updatedReplicas']);
  return updated < updatedWanted ? progressing(`${updated} of ${updatedWanted} pods updated`) : current;
}

function daemonSet(_object: KubeObject, spec: Spec, status: Status): Health {
  if (!seen(status)) return progressing('waits for its controller');
  const wanted = number(status['desiredNumberScheduled']);
  const available = number(status['numberAvailable']);
  const updated = number(status['updatedNumberScheduled']);
  const strategy = (spec['updateStrategy'] ?? {}) as { type?: string };
  if (strategy.type !== 'OnDelete' && updated < wanted)
    return progressing(`${updated} of ${wanted} pods updated`);
  return available < wanted ? progressing(`${available} of ${wanted} pods available`) : current;
}

function replicaSet(_object: KubeObject, spec: Spec, status: Status): Health {
  const wanted = number(spec['replicas'], 1);
  const available = number(status['availableReplicas']);
  return available < wanted ? progressing(`${available} of ${wanted} pods available`) : current;
}

function job(_object: KubeObject, spec: Spec, status: Status): Health {
  const bad = condition(status, 'Failed');
  if (bad?.status === 'True') return failed(bad.message ?? bad.reason ?? 'it failed');
  // One that has begun is as it should be, however long it takes.
  if (spec['suspend'] === true || status['startTime'] !== undefined) return current;
  return condition(status, 'Complete')?.status === 'True' ? current : progressing('has not begun');
}

function volumeClaim(_object: KubeObject, _spec: Spec, status: Status): Health {
  if (status['phase'] === 'Lost') return failed('its volume is lost');
  return status['phase'] === 'Bound' ? current : progressing('waits for a volume');
}

function pod(_object: KubeObject, _spec: Spec, status: Status): Health {
  if (status['phase'] === 'Succeeded') return current;
  if (status['phase'] === 'Failed')
    return failed(typeof status['message'] === 'string' ? status['message'] : 'it failed');
  return condition(status, 'Ready')?.status === 'True' ? current : progressing('is not ready');
}

function customResourceDefinition(_object: KubeObject, _spec: Spec, status: Status): Health {
  const names = condition(status, 'NamesAccepted');
  if (names?.status === 'False') return failed(names.message ?? 'its names are taken');
  return condition(status, 'Established')?.status === 'True' ? current : progressing('is not established');
}

/** What is not known here: fine, unless it says itself that it is not. */
function anything(object: KubeObject, spec: Spec, status: Status): Health {
  if (object.kind === 'Service') return service(spec, status);
  const [stalled, reconciling] = [condition(status, 'Stalled'), condition(status, 'Reconciling')];
  if (stalled?.status === 'True') return failed(stalled.message || stalled.reason || 'it goes no further');
  if (reconciling?.status === 'True') {
    return progressing(reconciling.message || reconciling.reason || 'is being reconciled');
  }
  for (const type of ['Ready', 'Available', 'Established']) {
    const found = condition(status, type);
    if (found?.status === 'False' || found?.status === 'Unknown') {
      return progressing(found.message || found.reason || `${type} is ${found.status}`);
    }
  }
  return current;
}

function service(spec: Spec, status: Status): Health {
  if (spec['type'] !== 'LoadBalancer') return current;
  const { ingress } = (status['loadBalancer'] ?? {}) as { ingress?: unknown[] };
  return ingress?.length ? current : progressing('waits for an address from a load balancer');
}
