// Nobody can say beforehand which kinds charts will define. Who imports a cluster that allows cluster-wide objects lets
// the platform grant roles; with that it gives itself the resources of each CRD that its installs bring, and no others.
import { type Cluster, type KubeObject, isKubernetesError } from '@cnap/kubernetes';

import { crdLabel } from './crd-plan.ts';
import { fieldManager } from './owned-object.ts';

const rbac = 'rbac.authorization.k8s.io';
const verbs = ['get', 'list', 'watch', 'create', 'patch', 'delete'];

/** CRDs whose resources these credentials were found to handle: most installs bring what is there already. */
const known = new WeakMap<Cluster, Set<string>>();

type Spec = { group?: string; names?: { plural?: string } };

/**
 * @param isNew the CRD has just been made: what was known of one with its name is over
 * @returns whether these credentials may handle its resources by now; the API server takes a moment to notice
 */
export async function mayHandle(
  cluster: Cluster,
  crd: KubeObject,
  isNew: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const handled = known.get(cluster) ?? new Set();
  known.set(cluster, handled);
  if (isNew) handled.delete(crd.metadata.name);
  if (handled.has(crd.metadata.name)) return true;
  if (!(await isAllowed(cluster, crd, signal))) {
    await grant(cluster, crd, signal);
    if (!(await isAllowed(cluster, crd, signal))) return false;
  }
  handled.add(crd.metadata.name);
  return true;
}

async function grant(cluster: Cluster, crd: KubeObject, signal: AbortSignal): Promise<void> {
  const { group = '', names: { plural = '' } = {} } = crd['spec'] as Spec;
  const user = await ownName(cluster, signal);
  const metadata = { name: nameOf(crd.metadata.name), labels: { [crdLabel]: 'true' } };
  const role: KubeObject = {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata,
    rules: [{ apiGroups: [group], resources: [plural, `${plural}/scale`], verbs }],
  };
  const binding: KubeObject = {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name },
    subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
  };
  for (const object of [role, binding]) await cluster.apply(object, { fieldManager, force: true, signal });
}

/** Gives back what {@link mayHandle} took, when no install uses the CRD any more. */
export async function stopHandling(cluster: Cluster, crdName: string, signal: AbortSignal): Promise<void> {
  known.get(cluster)?.delete(crdName);
  for (const kind of ['ClusterRoleBinding', 'ClusterRole']) {
    const ref = { apiVersion: `${rbac}/v1`, kind, name: nameOf(crdName) };
    try {
      if (await cluster.get(ref, signal)) await cluster.delete(ref, { signal });
    } catch (error) {
      if (!isKubernetesError(error, 'Forbidden')) throw error; // then it never took any
    }
  }
}

const nameOf = (crdName: string): string => `cnap-crd-${crdName}`;

async function isAllowed(cluster: Cluster, crd: KubeObject, signal: AbortSignal): Promise<boolean> {
  const { group = '', names: { plural = '' } = {} } = crd['spec'] as Spec;
  const answers = await cluster.accessReview(
    ['patch', 'delete'].map((verb) => ({ verb, group, resource: plural })),
    signal,
  );
  return answers.every(({ allowed }) => allowed);
}

async function ownName(cluster: Cluster, signal: AbortSignal): Promise<string> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const { status } = await cluster.request<{ status: { userInfo: { username: string } } }>(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    { body: review, signal },
  );
  return status.userInfo.username;
}
