import { usageOf } from '../admission/quota.ts';
import { findObject, saveObject } from '../api/cluster.ts';
import { fieldsOf, textOf } from '../objects/object.ts';
import { quantityText } from '../objects/quantity.ts';
import { parse } from '../storage/store.ts';
import type { Controller } from './controller.ts';
import { allIn, itself } from './controller.ts';

const key = 'resourcequotas';

/** Counts anew what is used when something goes or ends; what comes is charged at its creation. */
export const quotaController: Controller = {
  name: 'quota',
  watches: {
    [key]: itself,
    '*': (change, cluster) => {
      const { entry, type } = change;
      if (!entry.namespace || entry.key === key || entry.key === 'events') return [];
      const counts = type === 'DELETED' || (type === 'MODIFIED' && entry.key === 'pods');
      return counts ? allIn(key)(change, cluster) : [];
    },
  },
  reconcile({ namespace, name }, { cluster }) {
    const quota = findObject(cluster, key, namespace, name);
    if (!quota) return;
    const hard = fieldsOf(fieldsOf(quota['spec'])['hard']);
    const sums: Record<string, number> = {};
    for (const storage of cluster.store.keysIn(namespace)) {
      const kind = cluster.registry.ofStorage(storage);
      if (!kind || storage === 'events') continue;
      const names = Object.keys(hard);
      const counted = names.some((item) => item === `count/${storage}`);
      const known = [
        'pods',
        'services',
        'persistentvolumeclaims',
        'secrets',
        'configmaps',
        key,
        'replicationcontrollers',
      ].includes(storage);
      if (!counted && !known) continue;
      for (const entry of cluster.store.list(storage, namespace)) {
        for (const [item, value] of Object.entries(usageOf(kind, parse(entry))))
          sums[item] = (sums[item] ?? 0) + value;
      }
    }
    const used = Object.fromEntries(
      Object.entries(hard).map(([item, limit]) => [item, quantityText(sums[item] ?? 0, textOf(limit))]),
    );
    quota['status'] = { hard, used };
    saveObject(cluster, key, quota);
  },
};
