import { installVerbs } from '@cnap/kubernetes';
import type { NeededPermission } from '../cluster/port.ts';

const write = [...installVerbs];

/** `why` is in docs/cluster-permissions.md. */
export type Rule = { group: string; resources: string[]; verbs: string[]; why: string };

/** What every install needs: its namespace, the kinds that charts commonly hold, and what health is read from. */
export const namespaced: Rule[] = [
  {
    group: '',
    resources: ['namespaces'],
    verbs: write,
    why: 'Every install has a namespace of its own; the others say what else takes room.',
  },
  {
    group: '',
    resources: ['configmaps', 'secrets', 'services', 'serviceaccounts', 'persistentvolumeclaims'],
    verbs: write,
    why: 'What charts are made of; logins for image registries are secrets, too.',
  },
  {
    group: '',
    resources: ['resourcequotas', 'limitranges'],
    verbs: write,
    why: 'The limits of an install, where the cluster has some.',
  },
  {
    group: '',
    resources: ['pods'],
    verbs: write,
    why: 'Health is read from pods, and what others take of the room; charts and hooks bring pods, too.',
  },
  { group: '', resources: ['events'], verbs: ['list'], why: 'They say why something waits.' },
  { group: '', resources: ['nodes'], verbs: ['list'], why: 'How much room there is, for placement.' },
  {
    group: '',
    resources: ['pods/log'],
    verbs: ['get'],
    why: 'Logs, also of what crashed and of hooks that failed.',
  },
  {
    group: '',
    resources: ['pods/exec'],
    verbs: ['get', 'create'],
    why: 'Shells are opened by a GET that is upgraded; from 1.35 on the API server asks for "create" as well.',
  },
  {
    group: 'apps',
    resources: ['deployments', 'statefulsets', 'daemonsets', 'replicasets'],
    verbs: write,
    why: 'Workloads of charts.',
  },
  {
    group: 'batch',
    resources: ['jobs', 'cronjobs'],
    verbs: write,
    why: 'Workloads of charts, and most hooks.',
  },
  {
    group: 'networking.k8s.io',
    resources: ['ingresses', 'networkpolicies'],
    verbs: write,
    why: 'Addresses of charts; every namespace gets a policy that keeps other installs out.',
  },
  { group: 'policy', resources: ['poddisruptionbudgets'], verbs: write, why: 'Many charts bring one.' },
  {
    group: 'autoscaling',
    resources: ['horizontalpodautoscalers'],
    verbs: write,
    why: 'Charts bring them; they are put to sleep with what they scale.',
  },
  {
    group: 'rbac.authorization.k8s.io',
    resources: ['roles'],
    verbs: [...write, 'escalate', 'bind'],
    why: "A chart's Role may grant what the platform's user does not hold itself.",
  },
  {
    group: 'rbac.authorization.k8s.io',
    resources: ['rolebindings'],
    verbs: write,
    why: 'They go with roles.',
  },
  {
    group: 'rbac.authorization.k8s.io',
    resources: ['clusterroles'],
    verbs: ['bind'],
    why: "A chart's RoleBinding may give a ClusterRole (`view`) within its namespace.",
  },
];

/** What installs need that may bring cluster-wide objects. */
export const clusterWide: Rule[] = [
  {
    group: 'rbac.authorization.k8s.io',
    resources: ['clusterroles'],
    verbs: [...write, 'escalate'],
    why: 'Controllers bring them. With it the platform gives itself the custom resources of CRDs that charts bring.',
  },
  {
    group: 'rbac.authorization.k8s.io',
    resources: ['clusterrolebindings'],
    verbs: write,
    why: 'They go with cluster roles.',
  },
  {
    group: 'apiextensions.k8s.io',
    resources: ['customresourcedefinitions'],
    verbs: write,
    why: 'CRDs are applied first, upgraded, counted by install, and removed with the last one.',
  },
  {
    group: 'admissionregistration.k8s.io',
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    verbs: write,
    why: 'Injectors and policy engines bring them.',
  },
  {
    group: 'networking.k8s.io',
    resources: ['ingressclasses'],
    verbs: write,
    why: 'Ingress controllers bring them.',
  },
  { group: 'scheduling.k8s.io', resources: ['priorityclasses'], verbs: write, why: 'Some charts bring one.' },
  {
    group: 'apiregistration.k8s.io',
    resources: ['apiservices'],
    verbs: write,
    why: 'Metrics adapters bring one.',
  },
];

/** Every permission that installs need, one by one. */
export function neededPermissions(clusterWideObjects: boolean): NeededPermission[] {
  const rules = clusterWideObjects ? [...namespaced, ...clusterWide] : namespaced;
  return rules.flatMap(({ group, resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb }))),
  );
}

/** Gathers permissions into RBAC rules: resources of a group that lack the same verbs share one. */
export function rbacRules(
  permissions: readonly NeededPermission[],
): { apiGroups: string[]; resources: string[]; verbs: string[] }[] {
  const verbsOf = new Map<string, { group: string; resource: string; verbs: string[] }>();
  for (const { group, resource, verb } of permissions) {
    const entry = verbsOf.get(`${group}/${resource}`) ?? { group, resource, verbs: [] };
    entry.verbs.push(verb);
    verbsOf.set(`${group}/${resource}`, entry);
  }
  const rules = new Map<string, { apiGroups: string[]; resources: string[]; verbs: string[] }>();
  for (const { group, resource, verbs } of verbsOf.values()) {
    const key = `${group} ${verbs.join()}`;
    const rule = rules.get(key) ?? { apiGroups: [group], resources: [], verbs };
    rule.resources.push(resource);
    rules.set(key, rule);
  }
  return [...rules.values()];
}
