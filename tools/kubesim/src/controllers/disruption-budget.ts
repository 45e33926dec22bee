import { findObject, listObjects, saveObject } from '../api/cluster.ts';
import { fieldsOf, timestamp } from '../objects/object.ts';
import { selectorMatches } from '../storage/selector.ts';
import type { Controller } from './controller.ts';
import { allIn, itself } from './controller.ts';
import type { LabelSelector, Pod } from './types.ts';
import { isActive, isReady, setCondition } from './types.ts';

const key = 'poddisruptionbudgets.policy';

export const disruptionBudgetController: Controller = {
  name: 'disruption-budget',
  watches: { [key]: itself, pods: allIn(key) },
  reconcile({ namespace, name }, { cluster }) {
    const budget = findObject(cluster, key, namespace, name);
    if (!budget) return;
    const spec = fieldsOf(budget['spec']) as {
      selector?: LabelSelector;
      minAvailable?: number | string;
      maxUnavailable?: number | string;
    };
    const pods = listObjects<Pod>(cluster, 'pods', namespace).filter(
      (pod) => isActive(pod) && selectorMatches(spec.selector, pod.metadata.labels),
    );
    const healthy = pods.filter(isReady).length;
    const part = (value: number | string): number =>
      typeof value === 'number' ? value : Math.ceil((Number.parseFloat(value) / 100) * pods.length);
    const desired =
      spec.minAvailable !== undefined
        ? part(spec.minAvailable)
        : Math.max(0, pods.length - part(spec.maxUnavailable ?? 0));
    const allowed = Math.max(0, healthy - desired);
    const status = fieldsOf(budget['status']) as { conditions?: [] };
    budget['status'] = {
      observedGeneration: budget.metadata.generation,
      expectedPods: pods.length,
      currentHealthy: healthy,
      desiredHealthy: desired,
      disruptionsAllowed: allowed,
      conditions: setCondition(
        status.conditions,
        {
          type: 'DisruptionAllowed',
          status: allowed > 0 ? 'True' : 'False',
          reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
          message: '',
        },
        timestamp(cluster.now()),
      ),
    };
    saveObject(cluster, key, budget);
  },
};
