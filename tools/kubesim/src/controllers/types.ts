import type { Fields, KubeObject } from '../objects/object.ts';

/** The parts of these kinds that controllers read and write. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string | undefined;
  message?: string | undefined;
  lastTransitionTime?: string | undefined;
  lastUpdateTime?: string | undefined;
  lastProbeTime?: string | null;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface Container extends Fields {
  name: string;
  image: string;
  restartPolicy?: string;
}

export interface PodSpec extends Fields {
  containers: Container[];
  initContainers?: Container[];
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  restartPolicy?: string;
  volumes?: Fields[];
}

export interface PodTemplate extends Fields {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status: Fields & { phase?: string; conditions?: Condition[]; containerStatuses?: Fields[] };
}

export interface Workload extends KubeObject {
  spec: Fields & {
    replicas?: number;
    selector: LabelSelector;
    template: PodTemplate;
    minReadySeconds?: number;
  };
  status?: Fields & { conditions?: Condition[] };
}

export const isReady = (pod: Pod): boolean =>
  pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

export const isActive = (pod: Pod): boolean =>
  !pod.metadata.deletionTimestamp && pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed';

/** Sets a condition; its transition time moves only when its status does. */
export function setCondition(conditions: Condition[] | undefined, next: Condition, at: string): Condition[] {
  const list = conditions ?? [];
  const was = list.find(({ type }) => type === next.type);
  const lastTransitionTime = was?.status === next.status ? (was.lastTransitionTime ?? at) : at;
  const unchanged =
    was && was.status === next.status && was.reason === next.reason && was.message === next.message;
  if (unchanged) return list;
  const made = { ...next, lastTransitionTime };
  return was ? list.map((item) => (item === was ? made : item)) : [...list, made];
}
