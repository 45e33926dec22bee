import {
  type Cluster,
  type KubeObject,
  type KubernetesError,
  describeRef,
  isKubernetesError,
  refOf,
} from '@cnap/kubernetes';

import type { ApplyFailure } from './port.ts';

// What validation says of fields that nobody may change; Kubernetes has no code for it.
const immutable =
  /immutable|may not change once set|cannot change roleRef|updates to (statefulset spec|\w+ are forbidden)|pod updates may not change/i;

/** Whether a change was refused because it is to a field that never changes. */
export const isImmutable = (error: unknown): error is KubernetesError =>
  isKubernetesError(error, 'Invalid') && immutable.test(error.message);

const holdsData = new Set([
  'PersistentVolumeClaim',
  'PersistentVolume',
  'Namespace',
  'CustomResourceDefinition',
]);

/**
 * An object whose immutable fields are to change: deleted, so that the next try makes it anew, when the install's
 * policy says so and no data goes with it.
 * @returns why it is not applied yet, or never will be
 */
export async function makeAnew(
  cluster: Cluster,
  wanted: KubeObject,
  error: KubernetesError,
  { allowed, signal }: { allowed: boolean; signal: AbortSignal },
): Promise<ApplyFailure> {
  const ref = refOf(wanted);
  const existing = await cluster.get(ref, signal);
  const why = `${describeRef(ref)}: ${error.message}`;
  const never = (problem: string): ApplyFailure => ({
    ref,
    permanent: true,
    reason: 'Immutable',
    message: `${why}. ${problem}`,
  });
  if (!allowed)
    return never('It would have to be made anew, which the replace policy of the install does not allow');
  if (holdsData.has(wanted.kind)) return never('It is not made anew, because its data would be lost');
  if (existing && existing.metadata.deletionTimestamp === undefined) {
    const keepsPods = wanted.kind === 'StatefulSet' && hasSameSelector(wanted, existing);
    if (!keepsPods && volumesGoWith(existing))
      return never('It is not made anew, because its volumes would go with it');
    await cluster.delete(ref, {
      uid: existing.metadata.uid,
      // Its pods wait for the new one, and are renewed by it one after the other.
      propagationPolicy: keepsPods ? 'Orphan' : 'Background',
      signal,
    });
  }
  return beingDeleted(wanted);
}

/** Applied to an object that is going: it goes all the same, and is made when it is gone. */
export const beingDeleted = (object: KubeObject): ApplyFailure => ({
  ref: refOf(object),
  permanent: false,
  reason: 'Replacing',
  message: `${describeRef(refOf(object))} is being deleted, and is made anew then`,
});

type Spec = { selector?: unknown; persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string } };

const specOf = (object: KubeObject): Spec => (object['spec'] ?? {}) as Spec;

function hasSameSelector(a: KubeObject, b: KubeObject): boolean {
  const textOf = ({ selector }: Spec) => {
    const { matchLabels = {} } = (selector ?? {}) as { matchLabels?: Record<string, string> };
    return JSON.stringify(Object.entries(matchLabels).toSorted(([x], [y]) => (x < y ? -1 : 1)));
  };
  return textOf(specOf(a)) === textOf(specOf(b));
}

const volumesGoWith = (object: KubeObject): boolean =>
  specOf(object).persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
