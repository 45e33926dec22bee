import type { ApiKinds } from '@cnap/kubernetes';

import { applyAll, applyCrds, prepareNamespace } from './apply.ts';
import { ClusterConnections, type ConnectionOptions } from './cluster-connections.ts';
import { examine } from './examine.ts';
import { readHelmRelease } from './helm-release.ts';
import { hibernate, revive } from './hibernate.ts';
import { compareObjects, correctObjects } from './drift.ts';
import { runHooks } from './hooks.ts';
import { followLogs, podLogs } from './logs.ts';
import { explainWaiting, listPods, listVolumeClaims, observeHealth } from './observe.ts';
import { listEvents, listObjects, readObjects } from './read.ts';
import type { Engine, Waited } from './port.ts';
import { removeNamespace } from './remove-namespace.ts';
import { removeObjects } from './remove.ts';

const forPeople = { forPeople: true };

/** The engine on real clusters: every step through the cluster's one connection, budget and breaker. */
export function createEngine({
  finalizersAfterMs = 10 * 60_000,
  ...options
}: ConnectionOptions & {
  /** How long finalizers of others may hold up a removal; then they are removed. */
  finalizersAfterMs?: number;
}): Engine {
  const connections = new ClusterConnections(options);
  const patienceOf = (waited: Waited | undefined) => waited && { ...waited, limitMs: finalizersAfterMs };
  /** Asked for as often as what kinds there are. */
  const versions = new WeakMap<ApiKinds, string>();
  return {
    capabilities: (clusterId, signal) =>
      connections.use(clusterId, signal, async (cluster) => {
        const kinds = await cluster.kinds();
        const kubeVersion = versions.get(kinds) ?? (await cluster.version(signal)).gitVersion;
        versions.set(kinds, kubeVersion);
        return { kubeVersion, apiVersions: kinds.apiVersions };
      }),
    examine: (clusterId, reach, signal) =>
      connections.use(clusterId, signal, (cluster) => examine(cluster, reach, signal)),
    readApi: (clusterId, path, accept, signal) =>
      connections.use(clusterId, signal, (cluster) => cluster.text('GET', path, { accept, signal })),
    readHelmRelease: (target, signal) =>
      connections.use(target.clusterId, signal, (cluster) => readHelmRelease(cluster, target, signal)),
    prepareNamespace: (target, settings, signal) =>
      connections.use(target.clusterId, signal, (cluster) =>
        prepareNamespace(cluster, target, settings, signal),
      ),
    applyCrds: (target, crds, signal) =>
      connections.use(target.clusterId, signal, (cluster) => applyCrds(cluster, target, crds, signal)),
    applyObjects: (target, objects, signal, applying = {}) =>
      connections.use(target.clusterId, signal, (cluster) =>
        applyAll(cluster, target, objects, signal, applying),
      ),
    runHooks: (target, hooks, event, run, progress, signal) =>
      connections.use(target.clusterId, signal, (cluster) =>
        runHooks(cluster, { target, hooks, event, run, progress, signal }),
      ),
    suspects: (target, inventory) =>
      connections.watches(target.clusterId).suspects(target.installId, inventory),
    compareObjects: (target, objects, signal, comparing = {}) =>
      connections.use(target.clusterId, signal, (cluster) =>
        compareObjects(cluster, target, objects, signal, comparing),
      ),
    correctObjects: (target, objects, signal) =>
      connections.use(target.clusterId, signal, (cluster) =>
        correctObjects(cluster, target, objects, signal),
      ),
    observeHealth: (target, inventory, signal) =>
      connections.use(target.clusterId, signal, (cluster) => observeHealth(cluster, inventory, signal)),
    explainWaiting: (target, signal) =>
      connections.use(target.clusterId, signal, (cluster) => explainWaiting(cluster, target, signal)),
    removeObjects: (target, inventory, signal, waited) =>
      connections.use(target.clusterId, signal, (cluster) =>
        removeObjects(cluster, target, inventory, patienceOf(waited), signal),
      ),
    removeNamespace: (target, signal, waited) =>
      connections.use(target.clusterId, signal, (cluster) =>
        removeNamespace(cluster, target, patienceOf(waited), signal),
      ),
    listVolumeClaims: (target, signal) =>
      connections.use(target.clusterId, signal, (cluster) => listVolumeClaims(cluster, target, signal)),
    hibernate: (target, inventory, remembered, signal) =>
      connections.use(target.clusterId, signal, (cluster) =>
        hibernate(cluster, target, inventory, remembered, signal),
      ),
    revive: (target, remembered, signal) =>
      connections.use(target.clusterId, signal, (cluster) => revive(cluster, remembered, signal)),
    listPods: (target, signal) =>
      connections.use(target.clusterId, signal, (cluster) => listPods(cluster, target, signal), forPeople),
    listEvents: (target, inventory, signal) =>
      connections.use(target.clusterId, signal, (cluster) => listEvents(cluster, target, inventory, signal)),
    readObjects: (target, refs, signal) =>
      connections.use(target.clusterId, signal, (cluster) => readObjects(cluster, refs, signal)),
    listObjects: (target, kind, signal) =>
      connections.use(target.clusterId, signal, (cluster) => listObjects(cluster, target, kind, signal)),
    podLogs: (target, log, signal) =>
      connections.use(
        target.clusterId,
        signal,
        (cluster) => podLogs(cluster, target.namespace, log, signal),
        forPeople,
      ),
    async *followLogs(target, log, signal) {
      // A reader may follow for hours: it takes a place in the budget only to begin.
      yield* await connections.use(
        target.clusterId,
        signal,
        async (cluster) => followLogs(cluster, target.namespace, log, signal),
        forPeople,
      );
    },
    execPod: (target, command) =>
      // Like a reader of logs: a place in the budget to begin only.
      connections.use(
        target.clusterId,
        command.signal,
        (cluster) => cluster.exec({ ...command, namespace: target.namespace }),
        forPeople,
      ),
    forget: (clusterId) => connections.forget(clusterId),
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}
