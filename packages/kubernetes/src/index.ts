export type { AccessAnswer, AccessQuestion } from './access.ts';
export {
  type ApplyOptions,
  type Cluster,
  type DeleteOptions,
  type ListOptions,
  type PatchOptions,
  connect,
} from './cluster.ts';
export type { ApiKinds, ApiResource } from './discovery.ts';
export type { Exec, ExecEvent, ExecOptions } from './exec.ts';
export { inParallel } from './in-parallel.ts';
export { type Kubeconfig, formatKubeconfig, parseKubeconfig } from './kubeconfig.ts';
export { KubernetesError, type StatusCause, isKubernetesError } from './kubernetes-error.ts';
export {
  type KindRef,
  type KubeObject,
  type ObjectMeta,
  type ObjectRef,
  describeRef,
  groupOf,
  kindsOfCrd,
  objectKey,
  refOf,
} from './object.ts';
export { cpuMillis, formatCpu, formatMemory, memoryBytes, parseQuantity } from './quantity.ts';
export type { CallOptions, Method, TransportOptions } from './transport.ts';
export { installVerbs, isUsual, usualResources } from './usual-kinds.ts';
export type { WatchEvent, WatchOptions } from './watch.ts';
