import { findObject, saveObject } from '../api/cluster.ts';
import { timestamp } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Controller } from './controller.ts';
import { itself, ownerIn } from './controller.ts';
import { createOwned, podFrom, podsOwnedBy, removeOwned } from './pods-of.ts';
import type { Pod, Workload } from './types.ts';
import { isActive, isReady, setCondition } from './types.ts';

const key = 'replicasets.apps';
const component = 'replicaset-controller';
/** Refused pods are tried again when something changes or after this long. */
const retryMs = 5_000;

export const replicaSetController: Controller = {
  name: 'replicaset',
  watches: { [key]: itself, pods: ownerIn(key) },
  reconcile({ namespace, name }, { cluster, wakeAfter }) {
    const set = findObject<Workload>(cluster, key, namespace, name);
    if (!set || set.metadata.deletionTimestamp) return;
    const pods = podsOwnedBy(cluster, set).filter(isActive);
    const wanted = set.spec.replicas ?? 1;
    let failure: StatusError | undefined;
    for (let index = pods.length; index < wanted; index += 1) {
      const base = name.length > 57 ? name.slice(0, 57) : name;
      const made = createOwned(
        cluster,
        set,
        podFrom(set.spec.template, set, { generateName: `${base}-` }),
        component,
      );
      if (made instanceof StatusError) {
        failure = made;
        wakeAfter(retryMs);
        break;
      }
      pods.push(made as Pod);
    }
    const surplus = pods
      .toSorted((left, right) => Number(isReady(left)) - Number(isReady(right)))
      .slice(0, Math.max(0, pods.length - wanted));
    for (const pod of surplus) removeOwned(cluster, pod);
    const left = pods.filter((pod) => !surplus.includes(pod));
    const ready = left.filter(isReady).length;
    const at = timestamp(cluster.now());
    const others = (set.status?.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure');
    const conditions = failure
      ? setCondition(
          set.status?.conditions,
          { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure.message },
          at,
        )
      : others;
    set.status = {
      replicas: left.length,
      ...(left.length > 0 ? { fullyLabeledReplicas: left.length } : {}),
      ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
      observedGeneration: set.metadata.generation,
      ...(conditions.length > 0 ? { conditions } : {}),
    };
    saveObject(cluster, key, set);
  },
};
