import type { NeededPermission } from '../cluster/port.ts';

const write = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
const read = ['get', 'list', 'watch'];

type Rule = { group: string; resources: string[]; verbs: string[] };

/** What every install needs: its namespace, the kinds that charts commonly hold, and what health is read from. */
const namespaced: Rule[] = [
  { group: '', resources: ['namespaces'], verbs: write },
  {
    group: '',
    resources: ['configmaps', 'secrets', 'services', 'serviceaccounts', 'persistentvolumeclaims'],
    verbs: write,
  },
  { group: '', resources: ['resourcequotas', 'limitranges'], verbs: write },
  { group: '', resources: ['pods'], verbs: [...read, 'create', 'patch', 'delete'] },
  { group: '', resources: ['events', 'nodes'], verbs: ['get', 'list'] },
  { group: '', resources: ['pods/log'], verbs: ['get'] },
  // Shells are opened by a GET that is upgraded; from 1.35 on the API server asks for "create" as well.
  { group: '', resources: ['pods/exec'], verbs: ['get', 'create'] },
  { group: 'apps', resources: ['deployments', 'statefulsets', 'daemonsets', 'replicasets'], verbs: write },
  { group: 'batch', resources: ['jobs', 'cronjobs'], verbs: write },
  { group: 'networking.k8s.io', resources: ['ingresses', 'networkpolicies'], verbs: write },
  { group: 'policy', resources: ['poddisruptionbudgets'], verbs: write },
  { group: 'autoscaling', resources: ['horizontalpodautoscalers'], verbs: write },
  // A chart's Role may grant what the platform's user does not hold itself.
  { group: 'rbac.authorization.k8s.io', resources: ['roles'], verbs: [...write, 'escalate', 'bind'] },
  { group: 'rbac.authorization.k8s.io', resources: ['rolebindings'], verbs: write },
];

/** What installs need that may bring cluster-wide objects. */
const clusterWide: Rule[] = [
  { group: 'rbac.authorization.k8s.io', resources: ['clusterroles'], verbs: [...write, 'escalate', 'bind'] },
  { group: 'rbac.authorization.k8s.io', resources: ['clusterrolebindings'], verbs: write },
  { group: 'apiextensions.k8s.io', resources: ['customresourcedefinitions'], verbs: write },
  {
    group: 'admissionregistration.k8s.io',
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    verbs: write,
  },
  { group: 'networking.k8s.io', resources: ['ingressclasses'], verbs: write },
  { group: 'scheduling.k8s.io', resources: ['priorityclasses'], verbs: write },
  { group: 'apiregistration.k8s.io', resources: ['apiservices'], verbs: write },
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
