import { type KindRef, type KubeObject, describeRef, groupOf, refOf } from '@cnap/kubernetes';

import { installLabel } from './owned-object.ts';

/** What an object had before it was put to sleep, and how to give it back. */
export type Rule = KindRef & {
  /** What it has now that makes pods; undefined when it makes none. */
  awake(object: KubeObject): number | undefined;
  /** Whether it is as {@link Rule.sleep} left it: somebody who woke it meanwhile has the last word. */
  isLeft(object: KubeObject): boolean;
  /** A merge patch. */
  sleep: object;
  wake(had: number): object;
};

type Fields = Record<string, unknown>;
const specOf = (object: KubeObject): Fields => (object['spec'] ?? {}) as Fields;
const isControlled = (object: KubeObject): boolean =>
  object.metadata.ownerReferences?.some(({ controller }) => controller) ?? false;

const replicas = {
  awake: (object: KubeObject) => {
    const wanted = specOf(object)['replicas'] ?? 1;
    return typeof wanted === 'number' && wanted > 0 ? wanted : undefined;
  },
  isLeft: (object: KubeObject) => specOf(object)['replicas'] === 0,
  sleep: { spec: { replicas: 0 } },
  wake: (had: number) => ({ spec: { replicas: had } }),
};

/** The scale subresource that a custom resource may have; zero is absent there. */
export const scale: Omit<Rule, 'apiVersion' | 'kind'> = {
  ...replicas,
  awake: (object) => ('replicas' in specOf(object) ? replicas.awake(object) : undefined),
  isLeft: (object) => (specOf(object)['replicas'] ?? 0) === 0,
};

/** Those that somebody else makes follow whom they belong to. */
const standingAlone = {
  ...replicas,
  awake: (object: KubeObject) => (isControlled(object) ? undefined : replicas.awake(object)),
};

const suspended = {
  awake: (object: KubeObject) => (specOf(object)['suspend'] === true ? undefined : 1),
  isLeft: (object: KubeObject) => specOf(object)['suspend'] === true,
  sleep: { spec: { suspend: true } },
  wake: () => ({ spec: { suspend: false } }),
};

const isFinished = (object: KubeObject): boolean => {
  const { conditions = [] } = (object['status'] ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
};

/** No node has it. */
const nowhere = `${installLabel}-hibernates`;
const nodeSelectorOf = (object: KubeObject): Fields => {
  const { template } = specOf(object) as { template?: { spec?: { nodeSelector?: Fields } } };
  return template?.spec?.nodeSelector ?? {};
};
const onNodes = (value: string | null) => ({
  spec: { template: { spec: { nodeSelector: { [nowhere]: value } } } },
});

/**
 * In the order in which they are put to sleep: what scales or starts others first.
 *
 * An autoscaler leaves a workload alone that somebody has scaled to zero, and goes on when it is scaled up again
 * (https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/, "Implicit maintenance-mode
 * deactivation"): it stays as it is, status and all. One that may scale to zero itself would not: it gets a minimum.
 */
export const rules: readonly Rule[] = [
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    awake: (object) => (specOf(object)['minReplicas'] === 0 ? 0 : undefined),
    isLeft: (object) => specOf(object)['minReplicas'] === 1,
    sleep: { spec: { minReplicas: 1 } },
    wake: (had) => ({ spec: { minReplicas: had } }),
  },
  { apiVersion: 'batch/v1', kind: 'CronJob', ...suspended },
  { apiVersion: 'apps/v1', kind: 'Deployment', ...replicas },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', ...replicas },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', ...standingAlone },
  { apiVersion: 'v1', kind: 'ReplicationController', ...standingAlone },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    awake: (object) => (nowhere in nodeSelectorOf(object) ? undefined : 1),
    isLeft: (object) => nowhere in nodeSelectorOf(object),
    sleep: onNodes('true'),
    wake: () => onNodes(null),
  },
  {
    apiVersion: 'batch/v1',
    kind: 'Job',
    ...suspended,
    awake: (object) => (isFinished(object) ? undefined : suspended.awake(object)),
  },
];

export const ruleOf = (kind: KindRef): Rule | undefined =>
  rules.find((rule) => rule.kind === kind.kind && groupOf(rule.apiVersion) === groupOf(kind.apiVersion));

const podMakers = new Set(['ReplicaSet', 'StatefulSet', 'ReplicationController', 'DaemonSet', 'Job']);

/** Pods that are ending, and those that nothing here can put to sleep: made by hand, or by an operator itself. */
export function podsLeft(pods: readonly KubeObject[]): { ending: number; staying: string[] } {
  const running = pods.filter((pod) => {
    const { phase } = (pod['status'] ?? {}) as { phase?: string };
    return phase !== 'Succeeded' && phase !== 'Failed';
  });
  const makerOf = (pod: KubeObject) =>
    pod.metadata.ownerReferences?.find(({ controller }) => controller)?.kind ?? '';
  const ends = (pod: KubeObject) =>
    podMakers.has(makerOf(pod)) || pod.metadata.deletionTimestamp !== undefined;
  return {
    ending: running.filter(ends).length,
    staying: running.filter((pod) => !ends(pod)).map((pod) => describeRef(refOf(pod))),
  };
}
