import { findObject, listObjects, saveObject } from '../api/cluster.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Controller } from './controller.ts';
import { itself, ownerIn } from './controller.ts';
import { createOwned, podFrom, podsOwnedBy, removeOwned, templateHash } from './pods-of.ts';
import type { Pod, PodSpec, Workload } from './types.ts';
import { isReady } from './types.ts';

const key = 'daemonsets.apps';
const hashLabel = 'controller-revision-hash';

export const daemonSetController: Controller = {
  name: 'daemonset',
  watches: {
    [key]: itself,
    pods: ownerIn(key),
    nodes: (_, cluster) => cluster.store.list(key).map(({ namespace, name }) => ({ namespace, name })),
  },
  reconcile({ namespace, name }, { cluster, wakeAfter }) {
    const set = findObject<Workload>(cluster, key, namespace, name);
    if (!set || set.metadata.deletionTimestamp) return;
    const revision = templateHash(set.spec.template);
    const selector = Object.entries(set.spec.template.spec.nodeSelector ?? {});
    const nodes = listObjects(cluster, 'nodes').filter((node) =>
      selector.every(([label, value]) => node.metadata.labels?.[label] === value),
    );
    const pods = podsOwnedBy(cluster, set);
    const nodeOf = (pod: Pod): string =>
      /"values":\["([^"]+)"\]/.exec(JSON.stringify(pod.spec['affinity'] ?? {}))?.[1] ?? '';
    for (const node of nodes) {
      if (pods.some((pod) => nodeOf(pod) === node.metadata.name)) continue;
      const pod = podFrom(set.spec.template, set, { generateName: `${name}-` }, { [hashLabel]: revision });
      (pod['spec'] as PodSpec)['affinity'] = {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name] }] },
            ],
          },
        },
      };
      const made = createOwned(cluster, set, pod, 'daemonset-controller');
      if (made instanceof StatusError) {
        wakeAfter(5_000);
        break;
      }
      pods.push(made as Pod);
    }
    const wanted = new Set(nodes.map((node) => node.metadata.name));
    for (const pod of pods) if (!wanted.has(nodeOf(pod))) removeOwned(cluster, pod);
    const outdated = pods.find(
      (pod) => pod.metadata.labels?.[hashLabel] !== revision && !pod.metadata.deletionTimestamp,
    );
    const settled = pods.every(
      (pod) => pod === outdated || pod.metadata.labels?.[hashLabel] !== revision || isReady(pod),
    );
    if (outdated && settled) removeOwned(cluster, outdated);
    const live = pods.filter((pod) => !pod.metadata.deletionTimestamp && wanted.has(nodeOf(pod)));
    const ready = live.filter(isReady).length;
    const updated = live.filter((pod) => pod.metadata.labels?.[hashLabel] === revision).length;
    set.status = {
      currentNumberScheduled: live.length,
      numberMisscheduled: 0,
      desiredNumberScheduled: nodes.length,
      numberReady: ready,
      observedGeneration: set.metadata.generation,
      ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
      ...(ready > 0 ? { numberAvailable: ready } : {}),
      ...(nodes.length > ready ? { numberUnavailable: nodes.length - ready } : {}),
    };
    saveObject(cluster, key, set);
  },
};
