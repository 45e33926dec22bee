import type { Cluster } from '../api/cluster.ts';
import { findObject, saveObject } from '../api/cluster.ts';
import { createObject } from '../api/write.ts';
import { deleteObject } from '../api/delete.ts';
import type { Fields, KubeObject } from '../objects/object.ts';
import { fieldsOf, timestamp } from '../objects/object.ts';
import { parse } from '../storage/store.ts';
import type { Controller } from './controller.ts';
import { itself } from './controller.ts';
import type { Condition } from './types.ts';
import { setCondition } from './types.ts';

const certificate =
  '-----BEGIN CERTIFICATE-----\nkubesim has no certificate authority\n-----END CERTIFICATE-----\n';

/** Gives a new namespace its service account and root certificate, and empties one that is deleted. */
export const namespaceController: Controller = {
  name: 'namespace',
  watches: {
    namespaces: itself,
    '*': ({ type, entry }, cluster) => {
      if (!entry.namespace) return [];
      const space = cluster.store.get('namespaces', '', entry.namespace);
      const isOwn = entry.key === 'serviceaccounts' && entry.name === 'default' && type === 'DELETED';
      return space && (isOwn || (space.deleting && type !== 'ADDED'))
        ? [{ namespace: '', name: entry.namespace }]
        : [];
    },
  },
  reconcile({ name }, { cluster }) {
    const space = findObject(cluster, 'namespaces', '', name);
    if (!space) return;
    if (space.metadata.deletionTimestamp) return empty(cluster, space);
    const ensure = (apiKind: string, object: KubeObject): void => {
      const kind = cluster.registry.byApiVersion('v1', apiKind);
      if (!kind || cluster.store.get(kind.resource, name, object.metadata.name)) return;
      createObject(cluster, kind, name, object, { admit: () => undefined });
    };
    ensure('ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } });
    ensure('ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'kube-root-ca.crt',
        annotations: {
          'kubernetes.io/description':
            'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
        },
      },
      data: { 'ca.crt': certificate },
    });
  },
};

function empty(cluster: Cluster, space: KubeObject): void {
  const name = space.metadata.name;
  const at = timestamp(cluster.now());
  for (const key of cluster.store.keysIn(name)) {
    const kind = cluster.registry.ofStorage(key);
    if (!kind) continue;
    for (const entry of cluster.store.list(key, name)) {
      const current = cluster.store.byUid(entry.uid);
      if (current && !current.deleting)
        deleteObject(cluster, kind, current, { propagationPolicy: 'Background' });
    }
  }
  const left = cluster.store.keysIn(name).map((key) => ({ key, entries: cluster.store.list(key, name) }));
  if (left.length === 0) {
    const spec = fieldsOf(space['spec']);
    space['spec'] = {
      ...spec,
      finalizers: (spec['finalizers'] as string[] | undefined)?.filter((item) => item !== 'kubernetes'),
    };
    saveObject(cluster, 'namespaces', space);
    return;
  }
  const finalizers = new Map<string, number>();
  for (const entry of left.flatMap(({ entries }) => entries)) {
    for (const finalizer of parse(entry).metadata.finalizers ?? [])
      finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  }
  const content = left.map(
    ({ key, entries }) => `${key.includes('.') ? key : `${key}.`} has ${entries.length} resource instances`,
  );
  const held = [...finalizers].map(([finalizer, total]) => `${finalizer} in ${total} resource instances`);
  const status = fieldsOf(space['status']) as Fields & { conditions?: Condition[] };
  let { conditions } = status;
  const set = (type: string, ok: boolean, reason: string, message: string): void => {
    conditions = setCondition(conditions, { type, status: ok ? 'True' : 'False', reason, message }, at);
  };
  set(
    'NamespaceDeletionDiscoveryFailure',
    false,
    'ResourcesDiscovered',
    'All resources successfully discovered',
  );
  set(
    'NamespaceDeletionGroupVersionParsingFailure',
    false,
    'ParsedGroupVersions',
    'All legacy kube types successfully parsed',
  );
  set(
    'NamespaceDeletionContentFailure',
    false,
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  );
  set(
    'NamespaceContentRemaining',
    true,
    'SomeResourcesRemain',
    `Some resources are remaining: ${content.join(', ')}`,
  );
  if (held.length > 0)
    set(
      'NamespaceFinalizersRemaining',
      true,
      'SomeFinalizersRemain',
      `Some content in the namespace has finalizers remaining: ${held.join(', ')}`,
    );
  else
    set(
      'NamespaceFinalizersRemaining',
      false,
      'ContentHasNoFinalizers',
      'All content-preserving finalizers finished',
    );
  space['status'] = { ...status, phase: 'Terminating', conditions };
  saveObject(cluster, 'namespaces', space);
}
