import type { Cluster } from '../api/cluster.ts';
import { saveObject } from '../api/cluster.ts';
import { deleteObject, foregroundFinalizer, orphanFinalizer } from '../api/delete.ts';
import type { Entry } from '../storage/store.ts';
import { parse } from '../storage/store.ts';
import type { Controller } from './controller.ts';

/** Follows ownerReferences: dependents go after their last owner, or first when deletion is in the foreground. */
export const garbageCollector: Controller = {
  name: 'garbage-collector',
  watches: {
    // Places are uids here: what matters is who owns whom, wherever it is.
    '*': ({ type, entry }, cluster) => {
      if (entry.key === 'events') return [];
      const found = [];
      if (type === 'DELETED' && cluster.store.ownedBy(entry.uid).length > 0) found.push(entry.uid);
      if (type === 'DELETED') found.push(...entry.owners.filter((uid) => cluster.store.byUid(uid)?.deleting));
      if (type !== 'DELETED' && (entry.deleting || entry.owners.length > 0)) found.push(entry.uid);
      return found.map((name) => ({ namespace: '', name }));
    },
  },
  reconcile({ name: uid }, { cluster }) {
    const entry = cluster.store.byUid(uid);
    if (!entry) {
      for (const dependent of cluster.store.ownedBy(uid)) loseOwner(cluster, dependent);
      return;
    }
    if (entry.owners.length > 0) loseOwner(cluster, entry);
    if (entry.deleting) finishDeletion(cluster, uid);
  },
};

function loseOwner(cluster: Cluster, entry: Entry): void {
  const kind = cluster.registry.ofStorage(entry.key);
  const gone = entry.owners.filter((owner) => !cluster.store.byUid(owner));
  if (!kind || gone.length === 0) return;
  if (gone.length === entry.owners.length) {
    if (!entry.deleting) deleteObject(cluster, kind, entry, { propagationPolicy: 'Background' });
    return;
  }
  const object = parse(entry);
  object.metadata.ownerReferences = object.metadata.ownerReferences?.filter(
    (owner) => !gone.includes(owner.uid),
  );
  saveObject(cluster, entry.key, object);
}

function finishDeletion(cluster: Cluster, uid: string): void {
  const entry = cluster.store.byUid(uid);
  if (!entry) return;
  const object = parse(entry);
  const finalizers = object.metadata.finalizers ?? [];
  const dependents = cluster.store.ownedBy(uid);
  if (finalizers.includes(orphanFinalizer)) {
    for (const dependent of dependents) {
      const orphan = parse(dependent);
      orphan.metadata.ownerReferences = orphan.metadata.ownerReferences?.filter((owner) => owner.uid !== uid);
      if (orphan.metadata.ownerReferences?.length === 0) delete orphan.metadata.ownerReferences;
      saveObject(cluster, dependent.key, orphan);
    }
    object.metadata.finalizers = finalizers.filter((name) => name !== orphanFinalizer);
    saveObject(cluster, entry.key, object);
    return;
  }
  if (!finalizers.includes(foregroundFinalizer)) return;
  let blocked = false;
  for (const dependent of dependents) {
    const kind = cluster.registry.ofStorage(dependent.key);
    const blocks = parse(dependent).metadata.ownerReferences?.some(
      (owner) => owner.uid === uid && owner.blockOwnerDeletion,
    );
    if (kind && !dependent.deleting)
      deleteObject(cluster, kind, dependent, { propagationPolicy: 'Foreground' });
    if (blocks && cluster.store.byUid(dependent.uid)) blocked = true;
  }
  if (blocked) return;
  object.metadata.finalizers = finalizers.filter((name) => name !== foregroundFinalizer);
  saveObject(cluster, entry.key, object);
}
