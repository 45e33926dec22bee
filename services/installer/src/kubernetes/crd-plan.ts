import { createHash } from 'node:crypto';

import type { KubeObject } from '@cnap/kubernetes';

import type { Target } from './port.ts';

/** Which version of its chart's CRD this is: CRDs say nothing about that themselves. */
const versionAnnotation = 'cnap.tech/crd-chart';
/** Of what was applied: CRDs are large, and most installs bring what is there already. */
const digestAnnotation = 'cnap.tech/crd-digest';
/** One per install that uses the CRD. */
const userPrefix = 'installs.cnap.tech/';
/** On every CRD that was applied: they carry no single install's label. */
export const crdLabel = 'cnap.tech/crd';

export type CrdPlan =
  | { do: 'apply'; object: KubeObject }
  /** Somebody else's, or a newer one: it stays as it is. */
  | { do: 'use'; warning?: string }
  | { do: 'refuse'; message: string };

/**
 * CRDs belong to the cluster: applied when absent or newer, never downgraded; another's stays untouched as long as
 * it serves the versions that are needed.
 */
export function planCrd(wanted: KubeObject, existing: KubeObject | undefined): CrdPlan {
  const object = ownedCrd(wanted);
  if (!existing) return { do: 'apply', object };
  const missing = servedVersions(wanted).filter((version) => !servedVersions(existing).includes(version));
  const here = existing.metadata.annotations?.[versionAnnotation];
  if (here === undefined) {
    if (missing.length === 0)
      return { do: 'use', warning: `${name(wanted)} is there already and stays as it is` };
    return {
      do: 'refuse',
      message: `${name(wanted)} is there already, was not made by CNAP and lacks ${missing.join(', ')}`,
    };
  }
  if (existing.metadata.annotations?.[digestAnnotation] === digestOf(wanted)) return { do: 'use' };
  const newer = compareCharts(chartOf(wanted), here);
  if (newer >= 0) return { do: 'apply', object };
  if (missing.length === 0) return { do: 'use' };
  return {
    do: 'refuse',
    message: `${name(wanted)} is there in a newer version that lacks ${missing.join(', ')}`,
  };
}

/** The annotation that counts this install among a CRD's users; null takes it away. */
export function userAnnotation(target: Target, uses: boolean): Record<string, string | null> {
  return { [userPrefix + target.namespace]: uses ? target.installId : null };
}

/** Whether a CRD that no install uses any more may go: only one that CNAP made. */
export function isRemovableCrd(crd: KubeObject, target: Target): { removable: boolean; why: string } {
  const annotations = crd.metadata.annotations ?? {};
  if (annotations[versionAnnotation] === undefined) return { removable: false, why: 'it was there before' };
  const users = Object.keys(annotations).filter(
    (key) => key.startsWith(userPrefix) && key !== userPrefix + target.namespace,
  );
  if (users.length > 0) return { removable: false, why: `${users.length} other installs use it` };
  return { removable: true, why: '' };
}

/** Ids of the installs that use a CRD. */
export function usersOf(crd: KubeObject): string[] {
  const annotations = Object.entries(crd.metadata.annotations ?? {});
  return annotations.filter(([key]) => key.startsWith(userPrefix)).map(([, installId]) => installId);
}

/** Whether what is there was applied from this very CRD: another install's may have taken its place. */
export const isAppliedCrd = (wanted: KubeObject, existing: KubeObject): boolean =>
  existing.metadata.annotations?.[digestAnnotation] === digestOf(wanted);

/** The CRD as it is applied. */
export function ownedCrd(wanted: KubeObject): KubeObject {
  const copy: KubeObject = {
    ...wanted,
    metadata: {
      ...wanted.metadata,
      labels: { ...wanted.metadata.labels, [crdLabel]: 'true' },
      annotations: {
        ...wanted.metadata.annotations,
        [versionAnnotation]: chartOf(wanted),
        [digestAnnotation]: digestOf(wanted),
      },
    },
  };
  delete copy['status'];
  return copy;
}

function digestOf(crd: KubeObject): string {
  return createHash('sha256').update(JSON.stringify(crd)).digest('hex');
}

function name(crd: KubeObject): string {
  return `CustomResourceDefinition ${crd.metadata.name}`;
}

function servedVersions(crd: KubeObject): string[] {
  const { versions } = (crd['spec'] ?? {}) as { versions?: { name: string; served?: boolean }[] };
  return (versions ?? []).filter(({ served }) => served !== false).map((version) => version.name);
}

/** Charts and generators write versions in different places; the first that is there is compared with its like. */
function chartOf(crd: KubeObject): string {
  const { labels = {}, annotations = {} } = crd.metadata;
  return (
    labels['helm.sh/chart'] ??
    labels['app.kubernetes.io/version'] ??
    annotations['controller-gen.kubebuilder.io/version'] ??
    'unversioned'
  );
}

/** Positive when `a` is the newer one; 0 when that cannot be told, as the chart being installed then decides. */
function compareCharts(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  if (!left || !right) return 0;
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbers(text: string): number[] | undefined {
  return /(\d+)\.(\d+)(?:\.(\d+))?/
    .exec(text)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
}
