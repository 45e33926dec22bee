import { createHash } from 'node:crypto';
import { admit } from '../admission/admission.ts';
import type { Cluster } from '../api/cluster.ts';
import { attempt } from '../api/cluster.ts';
import { deleteObject } from '../api/delete.ts';
import { createObject } from '../api/write.ts';
import type { KubeObject, Metadata } from '../objects/object.ts';
import { copy } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Entry } from '../storage/store.ts';
import { parse } from '../storage/store.ts';
import { recordEvent } from './events.ts';
import type { Pod, PodTemplate } from './types.ts';

export const podsOwnedBy = (cluster: Cluster, owner: KubeObject): Pod[] =>
  cluster.store
    .ownedBy(owner.metadata.uid ?? '')
    .filter((entry) => entry.key === 'pods')
    .map((entry) => parse<Pod>(entry))
    .toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));

export const controllerRef = (owner: KubeObject) => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
});

/** Creates an object on behalf of a controller; `undefined` and an Event when it is refused. */
export function createOwned(
  cluster: Cluster,
  owner: KubeObject,
  object: KubeObject,
  component: string,
): KubeObject | StatusError {
  const kind = cluster.registry.byApiVersion(object.apiVersion, object.kind);
  if (!kind) throw new Error(`no kind ${object.kind}`);
  const made = attempt(() => createObject(cluster, kind, owner.metadata.namespace ?? '', object, { admit }));
  const what = object.kind.toLowerCase();
  if (made instanceof StatusError) {
    if (made.reason !== 'AlreadyExists') {
      recordEvent(cluster, {
        about: owner,
        type: 'Warning',
        reason: 'FailedCreate',
        message: `Error creating: ${made.message}`,
        component,
      });
    }
    return made;
  }
  if (object.kind === 'Pod') {
    recordEvent(cluster, {
      about: owner,
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created ${what}: ${made.metadata.name}`,
      component,
    });
  }
  return made;
}

export function podFrom(
  template: PodTemplate,
  owner: KubeObject,
  metadata: Partial<Metadata>,
  labels: Record<string, string> = {},
): KubeObject {
  const { spec } = copy(template);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: '',
      ...metadata,
      labels: { ...template.metadata?.labels, ...labels },
      ...(template.metadata?.annotations ? { annotations: { ...template.metadata.annotations } } : {}),
      ownerReferences: [controllerRef(owner)],
    },
    spec,
  };
}

export function removeOwned(cluster: Cluster, object: KubeObject): void {
  const kind = cluster.registry.byApiVersion(object.apiVersion, object.kind);
  const entry: Entry | undefined = cluster.store.byUid(object.metadata.uid ?? '');
  if (kind && entry && !entry.deleting)
    deleteObject(cluster, kind, entry, { propagationPolicy: 'Background' });
}

/** A short name for a template's content, as in `pod-template-hash`. */
export function templateHash(template: unknown): string {
  const digest = createHash('sha1').update(JSON.stringify(template)).digest('hex');
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from(
    { length: 10 },
    (_, index) => letters[Number.parseInt(digest.slice(index * 2, index * 2 + 2), 16) % letters.length],
  ).join('');
}
