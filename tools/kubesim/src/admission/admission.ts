import type { Cluster } from '../api/cluster.ts';
import type { Kind } from '../kinds/kind.ts';
import type { KubeObject } from '../objects/object.ts';
import { limitRanges } from './limit-range.ts';
import { namespaceExists } from './namespace-lifecycle.ts';
import { podSecurity } from './pod-security.ts';
import { quota } from './quota.ts';
import { serviceAccountExists } from './service-account.ts';
import { defaultStorageClass } from './storage-class.ts';

export interface AdmissionRequest {
  cluster: Cluster;
  kind: Kind;
  operation: 'CREATE' | 'UPDATE';
  /** what changes the object comes before its validation, what only refuses comes after */
  phase: 'mutate' | 'check';
  object: KubeObject;
  old: KubeObject | undefined;
  dryRun: boolean;
}

/** May change the object; refuses by throwing a StatusError. */
export type Admission = (request: AdmissionRequest) => void;

const steps: Record<AdmissionRequest['phase'], readonly Admission[]> = {
  mutate: [namespaceExists, serviceAccountExists, limitRanges, defaultStorageClass],
  check: [podSecurity, quota],
};

export const admit: Admission = (request) => {
  for (const step of steps[request.phase]) step(request);
};
