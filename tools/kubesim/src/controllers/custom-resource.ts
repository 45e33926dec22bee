import { findObject, saveObject } from '../api/cluster.ts';
import { deleteObject } from '../api/delete.ts';
import type { StorageKey } from '../kinds/kind.ts';
import { storageKey } from '../kinds/kind.ts';
import type { Fields, KubeObject } from '../objects/object.ts';
import { fieldsOf, listOf, textOf, timestamp } from '../objects/object.ts';
import { parse } from '../storage/store.ts';
import type { Controller } from './controller.ts';
import { itself } from './controller.ts';
import type { Condition } from './types.ts';
import { setCondition } from './types.ts';

const key = 'customresourcedefinitions.apiextensions.k8s.io';
const cleanup = 'customresourcecleanup.apiextensions.k8s.io';

function storageOf(definition: KubeObject): StorageKey {
  const spec = fieldsOf(definition['spec']);
  return storageKey({ group: textOf(spec['group']), resource: textOf(fieldsOf(spec['names'])['plural']) });
}

/** Serves what a CRD defines and says so in its status; removes its resources before it goes. */
export const customResourceController: Controller = {
  name: 'custom-resource',
  watches: {
    [key]: (change, cluster) => {
      // At once, so that a resource can be written as soon as its definition has been answered.
      if (change.type === 'DELETED') cluster.registry.undefine(change.entry.name);
      else cluster.registry.define(parse(change.entry));
      if (change.type === 'ADDED') cluster.store.beginHistory(storageOf(parse(change.entry)));
      return itself(change);
    },
    '*': ({ type, entry }, cluster) => {
      const crd = type === 'DELETED' ? cluster.registry.ofStorage(entry.key)?.crd : undefined;
      return crd && cluster.store.get(key, '', crd)?.deleting ? [{ namespace: '', name: crd }] : [];
    },
  },
  reconcile({ name }, { cluster }) {
    const definition = findObject(cluster, key, '', name);
    if (!definition) return;
    const spec = fieldsOf(definition['spec']);
    const storage = storageOf(definition);
    if (definition.metadata.deletionTimestamp) {
      const kind = cluster.registry.ofStorage(storage);
      for (const entry of kind ? cluster.store.list(storage) : []) {
        if (kind && !entry.deleting) deleteObject(cluster, kind, entry, { propagationPolicy: 'Background' });
      }
      if (cluster.store.count(storage) > 0) return;
      definition.metadata.finalizers = definition.metadata.finalizers?.filter(
        (finalizer) => finalizer !== cleanup,
      );
      saveObject(cluster, key, definition);
      return;
    }
    const at = timestamp(cluster.now());
    const stored = listOf(spec['versions'])
      .map(fieldsOf)
      .find((version) => version['storage'] === true);
    const status = fieldsOf(definition['status']) as Fields & { conditions?: Condition[] };
    let conditions = setCondition(
      status.conditions,
      { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
      at,
    );
    conditions = setCondition(
      conditions,
      {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
      at,
    );
    definition.metadata.finalizers = [...new Set([...(definition.metadata.finalizers ?? []), cleanup])];
    definition['status'] = {
      conditions,
      acceptedNames: spec['names'],
      storedVersions: [...new Set([...listOf(status['storedVersions']), textOf(stored?.['name'])])],
    };
    saveObject(cluster, key, definition);
  },
};
