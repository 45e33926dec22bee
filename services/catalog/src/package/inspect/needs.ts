import { cpuMillis, memoryBytes } from '@cnap/kubernetes';
import type { ResourceNeeds } from '../../database.ts';
import { type Container, fieldsOf, type Manifest, numberOf, podTemplateOf } from './pod-templates.ts';

type Amount = { cpu: number; memory: number };

/** What the scheduler will count for the objects, summed over their pods. Hooks come and go, and are not counted. */
export function needsOf(objects: Manifest[]): ResourceNeeds {
  const scaled = minimumReplicas(objects);
  const total: ResourceNeeds = { cpuMillis: 0, memoryBytes: 0, pods: 0 };
  for (const object of objects) {
    const template = podTemplateOf(object);
    if (template === undefined) continue;
    const declared = fieldsOf(object['spec'])['replicas'] !== undefined;
    const count = declared
      ? template.count
      : (scaled.get(`${object.kind}/${object.metadata.name}`) ?? template.count);
    const pod = podRequests(template.containers, template.initContainers, template.overhead);
    total.cpuMillis += count * pod.cpu;
    total.memoryBytes += count * pod.memory;
    total.pods += count;
  }
  return total;
}

/** A chart that scales by itself leaves `replicas` out. */
function minimumReplicas(objects: Manifest[]): Map<string, number> {
  const scalers = objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
  return new Map(
    scalers.map((scaler) => {
      const spec = fieldsOf(scaler['spec']);
      const target = fieldsOf(spec['scaleTargetRef']);
      return [`${String(target['kind'])}/${String(target['name'])}`, numberOf(spec['minReplicas'], 1)];
    }),
  );
}

/** https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers */
function podRequests(
  containers: Container[],
  initContainers: Container[],
  overhead: { [name: string]: unknown },
): Amount {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const running = sum([...containers, ...sidecars].map(requestOf));
  let beside: Amount = { cpu: 0, memory: 0 };
  let highest = running;
  for (const container of initContainers) {
    const request = sum([beside, requestOf(container)]);
    if (sidecars.includes(container)) beside = request;
    highest = { cpu: Math.max(highest.cpu, request.cpu), memory: Math.max(highest.memory, request.memory) };
  }
  return sum([highest, amountOf(overhead)]);
}

/** A limit without a request is the request. */
function requestOf({ resources }: Container): Amount {
  return amountOf({ ...fieldsOf(resources['limits']), ...fieldsOf(resources['requests']) });
}

const amountOf = ({ cpu, memory }: { [name: string]: unknown }): Amount => ({
  cpu: quantity(cpu, cpuMillis),
  memory: quantity(memory, memoryBytes),
});

/** What is no quantity is the API server's to refuse. */
function quantity(value: unknown, read: (text: string | number) => number): number {
  if (typeof value !== 'string' && typeof value !== 'number') return 0;
  try {
    return Math.max(0, read(value));
  } catch {
    return 0;
  }
}

const sum = (amounts: Amount[]): Amount => ({
  cpu: amounts.reduce((all, { cpu }) => all + cpu, 0),
  memory: amounts.reduce((all, { memory }) => all + memory, 0),
});
