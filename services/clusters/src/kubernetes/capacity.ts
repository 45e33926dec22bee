import {
  cpuMillis,
  inParallel,
  memoryBytes,
  parseQuantity,
  type Cluster,
  type KubeObject,
} from '@cnap/kubernetes';
import type { CapacityColumn } from '../database.ts';

/** On every namespace of an install; the installer puts it there. */
const installLabel = 'cnap.tech/install';
/** With more namespaces than this that are no install's, all pods of the cluster are read instead of theirs. */
const namespacesOneByOne = 40;
const pageSize = 500;

type Sum = { cpuMillis: number; memoryBytes: number; pods: number };

/** The room of the nodes that take pods, and how much of it others take who are no installs. */
export async function readCapacity(cluster: Cluster, signal: AbortSignal): Promise<CapacityColumn> {
  const nodes = (await cluster.list({ apiVersion: 'v1', kind: 'Node' }, { signal })).filter(takesPods);
  const sum = (of: (allocatable: Record<string, string>) => number) =>
    nodes.reduce((total, node) => total + of(statusOf(node).allocatable ?? {}), 0);
  return {
    cpuMillis: sum(({ cpu }) => cpuMillis(cpu ?? '0')),
    memoryBytes: sum(({ memory }) => memoryBytes(memory ?? '0')),
    pods: sum(({ pods }) => parseQuantity(pods ?? '0')),
    nodes: nodes.length,
    foreign: await foreignPods(cluster, new Set(nodes.map(({ metadata }) => metadata.name)), signal),
  };
}

async function foreignPods(cluster: Cluster, nodes: ReadonlySet<string>, signal: AbortSignal): Promise<Sum> {
  const namespaces = await cluster.list(
    { apiVersion: 'v1', kind: 'Namespace' },
    { labelSelector: `!${installLabel}`, signal },
  );
  const foreign = new Set(namespaces.map(({ metadata }) => metadata.name));
  const paths =
    foreign.size <= namespacesOneByOne
      ? [...foreign].map((name) => `/api/v1/namespaces/${name}/pods`)
      : ['/api/v1/pods'];
  const sum: Sum = { cpuMillis: 0, memoryBytes: 0, pods: 0 };
  await inParallel(paths, 4, async (path) => {
    for await (const pod of podsAt(cluster, path, signal)) {
      const { nodeName = '' } = pod.spec ?? {};
      if (!nodes.has(nodeName) || !foreign.has(pod.metadata.namespace ?? '')) continue;
      sum.cpuMillis += asked(pod, 'cpu', cpuMillis);
      sum.memoryBytes += asked(pod, 'memory', memoryBytes);
      sum.pods += 1;
    }
  });
  return sum;
}

type Container = { restartPolicy?: string; resources?: { requests?: Record<string, string | number> } };
type Pod = {
  metadata: { namespace?: string };
  spec?: { nodeName?: string; containers?: Container[]; initContainers?: Container[]; overhead?: Quantities };
};
type Quantities = Record<string, string | number>;
type Page = { metadata: { continue?: string }; items: Pod[] | null };

/** Pods that have not ended, a page in memory at a time. */
async function* podsAt(cluster: Cluster, path: string, signal: AbortSignal): AsyncGenerator<Pod> {
  const fieldSelector = 'status.phase!=Succeeded,status.phase!=Failed';
  for (let position: string | undefined; ;) {
    const page: Page = await cluster.request('GET', path, {
      query: { limit: pageSize, fieldSelector, continue: position },
      signal,
    });
    yield* page.items ?? [];
    position = page.metadata.continue || undefined;
    if (position === undefined) return;
  }
}

/** What the scheduler reckons with: all containers, or the largest step of the start, with the sidecars before it. */
function asked({ spec = {} }: Pod, resource: string, read: (quantity: string | number) => number): number {
  const of = ({ resources }: Container) => read(resources?.requests?.[resource] ?? 0);
  let sidecars = 0;
  let start = 0;
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') sidecars += of(container);
    start = Math.max(start, container.restartPolicy === 'Always' ? sidecars : sidecars + of(container));
  }
  const running = (spec.containers ?? []).reduce((total, container) => total + of(container), sidecars);
  return Math.max(start, running) + read(spec.overhead?.[resource] ?? 0);
}

type NodeStatus = {
  allocatable?: Record<string, string>;
  conditions?: { type?: string; status?: string }[];
};

const statusOf = (node: KubeObject): NodeStatus => (node['status'] ?? {}) as NodeStatus;

function takesPods(node: KubeObject): boolean {
  const spec = (node['spec'] ?? {}) as { unschedulable?: boolean };
  const ready = statusOf(node).conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return ready === true && spec.unschedulable !== true;
}
