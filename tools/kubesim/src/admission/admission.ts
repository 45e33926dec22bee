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
  object: KubeObject;
  old: KubeObject | undefined;
  dryRun: boolean;
}

/** May change the object; refuses by throwing a StatusError. */
export type Admission = (request: AdmissionRequest) => void;

const chain: readonly Admission[] = [
  namespaceExists,
  serviceAccountExists,
  limitRanges,
  defaultStorageClass,
  podSecurity,
  quota,
];

export const admit: Admission = (request) => {
  for (const step of chain) step(request);
};
