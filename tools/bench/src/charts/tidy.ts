import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '@cnap/kubernetes';

const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

export async function removeNamespace(cluster: Cluster, name: string, signal: AbortSignal): Promise<void> {
  const ref = { apiVersion: 'v1', kind: 'Namespace', name };
  while ((await cluster.delete(ref, { signal })) === 'going') await pause(200, undefined, { signal });
}

/** All of them: the cluster is of this run alone. */
export async function removeCrds(cluster: Cluster, signal: AbortSignal): Promise<void> {
  for (const { metadata } of await cluster.list(crd, { signal })) {
    const ref = { ...crd, name: metadata.name };
    while ((await cluster.delete(ref, { signal })) === 'going') await pause(100, undefined, { signal });
  }
}

/** What is not in any namespace, and the namespaces, in words: what may be left behind. */
export async function clusterWide(cluster: Cluster, signal: AbortSignal): Promise<Set<string>> {
  const { all, unavailable } = await cluster.kinds({ refresh: true });
  const kinds = all.filter(
    ({ namespaced, verbs, apiVersion }) =>
      !namespaced && verbs.includes('list') && !unavailable.includes(apiVersion),
  );
  const found = new Set<string>();
  for (const kind of kinds) {
    const objects = await cluster.list(kind, { signal }).catch(() => []);
    for (const { metadata } of objects) {
      // The API server registers the group of each CRD by itself, and takes it back some time later.
      if (metadata.labels?.['kube-aggregator.kubernetes.io/automanaged']) continue;
      found.add(`${kind.kind} ${metadata.name}`);
    }
  }
  return found;
}
