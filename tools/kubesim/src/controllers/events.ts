import { createHash } from 'node:crypto';
import type { Cluster } from '../api/cluster.ts';
import { newUid } from '../api/cluster.ts';
import type { KubeObject } from '../objects/object.ts';
import { timestamp } from '../objects/object.ts';
import { parse } from '../storage/store.ts';

export interface Happening {
  about: KubeObject;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  component: string;
  fieldPath?: string;
}

/** Writes an Event, or counts one up that says the same. */
export function recordEvent(
  cluster: Cluster,
  { about, type, reason, message, component, fieldPath }: Happening,
): void {
  const namespace = about.metadata.namespace ?? 'default';
  const space = cluster.store.get('namespaces', '', namespace);
  if (!space || space.deleting) return;
  const at = timestamp(cluster.now());
  const hash = createHash('sha1')
    .update(`${about.metadata.uid}\0${reason}\0${message}`)
    .digest('hex')
    .slice(0, 16);
  const name = `${about.metadata.name}.${hash}`;
  const there = cluster.store.get('events', namespace, name);
  if (there) {
    const event = parse(there);
    event['count'] = Number(event['count'] ?? 1) + 1;
    event['lastTimestamp'] = at;
    cluster.store.put('events', event);
    return;
  }
  cluster.store.put('events', {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace, uid: newUid(), creationTimestamp: at },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name: about.metadata.name,
      namespace: about.metadata.namespace,
      uid: about.metadata.uid,
      resourceVersion: about.metadata.resourceVersion,
      ...(fieldPath ? { fieldPath } : {}),
    },
    type,
    reason,
    message,
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
    firstTimestamp: at,
    lastTimestamp: at,
    eventTime: null,
    count: 1,
  });
}
