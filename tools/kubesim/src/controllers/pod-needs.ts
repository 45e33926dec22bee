import type { Cluster } from '../api/cluster.ts';
import { fieldsOf, listOf, textOf } from '../objects/object.ts';
import type { Pod } from './types.ts';

export interface Missing {
  waiting: 'ContainerCreating' | 'CreateContainerConfigError';
  event: 'FailedMount' | 'Failed';
  message: string;
}

/** The first ConfigMap or Secret that a pod names and that is not there. */
export function missingFor(cluster: Cluster, pod: Pod): Missing | undefined {
  const namespace = pod.metadata.namespace ?? '';
  const absent = (resource: 'configmaps' | 'secrets', name: unknown, optional: unknown): boolean =>
    textOf(name) !== '' && optional !== true && !cluster.store.get(resource, namespace, textOf(name));
  const word = { configmaps: 'configmap', secrets: 'secret' } as const;
  for (const volume of pod.spec.volumes ?? []) {
    const sources = [volume, ...listOf(fieldsOf(volume['projected'])['sources']).map(fieldsOf)];
    for (const source of sources) {
      const secret = fieldsOf(source['secret']);
      const configMap = fieldsOf(source['configMap']);
      const found = absent('secrets', secret['secretName'] ?? secret['name'], secret['optional'])
        ? (['secrets', secret['secretName'] ?? secret['name']] as const)
        : absent('configmaps', configMap['name'], configMap['optional'])
          ? (['configmaps', configMap['name']] as const)
          : undefined;
      if (!found) continue;
      const message = `MountVolume.SetUp failed for volume ${JSON.stringify(volume['name'])} : ${word[found[0]]} ${JSON.stringify(found[1])} not found`;
      return { waiting: 'ContainerCreating', event: 'FailedMount', message };
    }
  }
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    const refs = [
      ...listOf(container['env']).map((env) => fieldsOf(fieldsOf(env)['valueFrom'])),
      ...listOf(container['envFrom']).map(fieldsOf),
    ];
    for (const ref of refs) {
      for (const [resource, source] of [
        ['secrets', fieldsOf(ref['secretKeyRef'] ?? ref['secretRef'])],
        ['configmaps', fieldsOf(ref['configMapKeyRef'] ?? ref['configMapRef'])],
      ] as const) {
        if (!absent(resource, source['name'], source['optional'])) continue;
        return {
          waiting: 'CreateContainerConfigError',
          event: 'Failed',
          message: `Error: ${word[resource]} ${JSON.stringify(source['name'])} not found`,
        };
      }
    }
  }
  return undefined;
}
