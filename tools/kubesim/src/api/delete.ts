import type { Kind } from '../kinds/kind.ts';
import { storageKey } from '../kinds/kind.ts';
import type { Fields, KubeObject } from '../objects/object.ts';
import { timestamp } from '../objects/object.ts';
import { conflict } from '../objects/status-error.ts';
import type { Entry } from '../storage/store.ts';
import { parse } from '../storage/store.ts';
import type { Cluster } from './cluster.ts';
import { isReleased } from './cluster.ts';
import { targetOf } from './write.ts';

export interface DeleteOptions {
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' | undefined;
  gracePeriodSeconds?: number | undefined;
  preconditions?: { uid?: string | undefined; resourceVersion?: string | undefined } | undefined;
  dryRun?: boolean;
}

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** Marks the object for deletion, or removes it when nothing holds it. */
export function deleteObject(
  cluster: Cluster,
  kind: Kind,
  entry: Entry,
  options: DeleteOptions,
): { object: KubeObject; removed: boolean } {
  const object = parse(entry);
  checkPreconditions(kind, object, options.preconditions);
  const finalizers = new Set(object.metadata.finalizers);
  if (options.propagationPolicy === 'Foreground') finalizers.add(foregroundFinalizer);
  if (options.propagationPolicy === 'Orphan') finalizers.add(orphanFinalizer);
  if (finalizers.size > 0) object.metadata.finalizers = [...finalizers];
  const already = object.metadata.deletionTimestamp !== undefined;
  const grace = graceOf(kind, object, options.gracePeriodSeconds);
  object.metadata.deletionTimestamp ??= timestamp(cluster.now() + grace * 1000);
  object.metadata.deletionGracePeriodSeconds = already
    ? Math.min(grace, object.metadata.deletionGracePeriodSeconds ?? grace)
    : grace;
  if (!already && kind.generation) object.metadata.generation = (object.metadata.generation ?? 1) + 1;
  if (kind.resource === 'namespaces' && !kind.group)
    object['status'] = { ...(object['status'] as Fields), phase: 'Terminating' };
  const removed = isReleased(object, kind);
  if (options.dryRun) return { object, removed };
  if (removed) {
    cluster.store.remove(entry);
  } else if (!already || JSON.stringify(object) !== entry.json) {
    cluster.store.put(storageKey(kind), object);
  }
  return { object, removed };
}

/** Only pods that run somewhere are given time to end. */
function graceOf(kind: Kind, object: KubeObject, asked: number | undefined): number {
  if (kind.resource !== 'pods' || kind.group) return 0;
  const spec = object['spec'] as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (object['status'] as { phase?: string } | undefined)?.phase;
  if (!spec?.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  return asked ?? spec.terminationGracePeriodSeconds ?? 30;
}

function checkPreconditions(kind: Kind, object: KubeObject, wanted: DeleteOptions['preconditions']): void {
  const { uid, resourceVersion } = object.metadata;
  const differs = (name: string, asked: string, there: string | undefined): void => {
    throw conflict(
      targetOf(kind, object.metadata.name),
      `the ${name} in the precondition (${asked}) does not match the ${name} in record (${there}). The object might have been deleted and then recreated`,
    );
  };
  if (wanted?.uid && wanted.uid !== uid) differs('UID', wanted.uid, uid);
  if (wanted?.resourceVersion && wanted.resourceVersion !== resourceVersion) {
    differs('ResourceVersion', wanted.resourceVersion, resourceVersion);
  }
}
