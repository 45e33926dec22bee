import { createHash } from 'node:crypto';
import type { Cluster } from '../api/cluster.ts';
import { findObject, listObjects, newUid, saveObject } from '../api/cluster.ts';
import type { StorageKey } from '../kinds/kind.ts';
import type { Fields, KubeObject } from '../objects/object.ts';
import { fieldsOf, listOf, textOf, timestamp } from '../objects/object.ts';
import type { Controller } from './controller.ts';
import { allIn, itself } from './controller.ts';
import { controllerRef } from './pods-of.ts';
import type { Pod } from './types.ts';
import { isActive, isReady } from './types.ts';

const slices = 'endpointslices.discovery.k8s.io';

/** Endpoints and one EndpointSlice per service with a selector. */
export const endpointsController: Controller = {
  name: 'endpoints',
  watches: { services: itself, pods: allIn('services') },
  reconcile({ namespace, name }, { cluster }) {
    const service = findObject(cluster, 'services', namespace, name);
    if (!service) {
      const there = cluster.store.get('endpoints', namespace, name);
      if (there) cluster.store.remove(there);
      return;
    }
    const spec = fieldsOf(service['spec']);
    const selector = Object.entries(fieldsOf(spec['selector']));
    if (selector.length === 0 || service.metadata.deletionTimestamp) return;
    const chosen = cluster.store
      .list('pods', namespace)
      .filter((entry) => selector.every(([label, value]) => entry.labels?.[label] === value));
    const pods = chosen
      .map((entry) => JSON.parse(entry.json) as Pod)
      .filter((pod) => isActive(pod) && pod.status['podIP'] !== undefined);
    const ports = listOf(spec['ports']).map((item) => resolve(fieldsOf(item), pods[0]));
    write(cluster, 'endpoints', {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name,
        namespace,
        labels: { ...service.metadata.labels, 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
      },
      ...subsets(pods, ports),
    });
    const suffix = createHash('sha1')
      .update(service.metadata.uid ?? '')
      .digest('hex')
      .slice(0, 5);
    write(cluster, slices, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${suffix}`,
        namespace,
        labels: {
          ...service.metadata.labels,
          'kubernetes.io/service-name': name,
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [controllerRef(service)],
      },
      addressType: 'IPv4',
      endpoints: pods.map((pod) => ({
        addresses: [pod.status['podIP']],
        conditions: { ready: isReady(pod), serving: isReady(pod), terminating: false },
        nodeName: pod.spec.nodeName,
        targetRef: target(pod),
      })),
      ports,
    });
  },
};

const target = (pod: Pod): Fields => ({
  kind: 'Pod',
  namespace: pod.metadata.namespace,
  name: pod.metadata.name,
  uid: pod.metadata.uid,
});

function resolve(port: Fields, pod: Pod | undefined): Fields {
  const wanted = port['targetPort'];
  const named = (pod?.spec.containers ?? [])
    .flatMap((container) => listOf(container['ports']).map(fieldsOf))
    .find(({ name }) => name === wanted);
  const number = typeof wanted === 'number' ? wanted : Number(named?.['containerPort'] ?? port['port']);
  return {
    ...(port['name'] ? { name: textOf(port['name']) } : {}),
    port: number,
    protocol: port['protocol'],
  };
}

function subsets(pods: Pod[], ports: Fields[]): Fields {
  const address = (pod: Pod): Fields => ({
    ip: pod.status['podIP'],
    nodeName: pod.spec.nodeName,
    targetRef: target(pod),
  });
  const ready = pods.filter(isReady).map(address);
  const notReady = pods.filter((pod) => !isReady(pod)).map(address);
  if (pods.length === 0) return {};
  return {
    subsets: [
      {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ports,
      },
    ],
  };
}

function write(cluster: Cluster, key: StorageKey, object: KubeObject): void {
  const there = listObjects(cluster, key, object.metadata.namespace).find(
    (item) => item.metadata.name === object.metadata.name,
  );
  if (there) {
    saveObject(cluster, key, { ...object, metadata: { ...there.metadata, labels: object.metadata.labels } });
    return;
  }
  object.metadata.uid = newUid();
  object.metadata.creationTimestamp = timestamp(cluster.now());
  cluster.store.put(key, object);
}
