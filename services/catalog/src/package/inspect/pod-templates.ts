import type { Rendered } from '@cnap/helm';

export type Manifest = Rendered['objects'][number];
type Fields = { [field: string]: unknown };

export type Container = {
  image: string | undefined;
  restartPolicy: unknown;
  resources: Fields;
};

/** The pods that an object makes, and how many of them run at once. */
export type PodTemplate = {
  count: number;
  containers: Container[];
  initContainers: Container[];
  overhead: Fields;
};

/** The pods of the kinds that Kubernetes itself makes pods for; undefined for any other object. */
export function podTemplateOf(object: Manifest): PodTemplate | undefined {
  const spec = fieldsOf(object['spec']);
  switch (object.kind) {
    case 'Pod':
      return templateOf(spec, 1);
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
    case 'ReplicationController':
      return templateOf(fieldsOf(fieldsOf(spec['template'])['spec']), numberOf(spec['replicas'], 1));
    case 'DaemonSet':
      // As many as there are nodes; what is known without a cluster is that there is one.
      return templateOf(fieldsOf(fieldsOf(spec['template'])['spec']), 1);
    case 'Job':
      return jobOf(spec);
    case 'CronJob':
      return jobOf(fieldsOf(fieldsOf(spec['jobTemplate'])['spec']));
    default:
      return undefined;
  }
}

function jobOf(spec: Fields): PodTemplate {
  const count = Math.min(numberOf(spec['parallelism'], 1), numberOf(spec['completions'], Infinity));
  return templateOf(fieldsOf(fieldsOf(spec['template'])['spec']), count);
}

const templateOf = (pod: Fields, count: number): PodTemplate => ({
  count,
  containers: containersOf(pod['containers']),
  initContainers: containersOf(pod['initContainers']),
  overhead: fieldsOf(pod['overhead']),
});

function containersOf(value: unknown): Container[] {
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) => {
    const { image, restartPolicy, resources } = fieldsOf(one);
    return {
      image: typeof image === 'string' && image !== '' ? image : undefined,
      restartPolicy,
      resources: fieldsOf(resources),
    };
  });
}

/** An object's fields; nothing for anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export const numberOf = (value: unknown, otherwise: number): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : otherwise;
