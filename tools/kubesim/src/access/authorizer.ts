import type { Cluster } from '../api/cluster.ts';
import { listObjects } from '../api/cluster.ts';
import type { KubeObject } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import { selectorMatches } from '../storage/selector.ts';
import type { Attributes, PolicyRule, User } from './user.ts';

export interface Grant {
  /** '' for everywhere */
  namespace: string;
  rule: PolicyRule;
}

export interface Authorizer {
  allows(user: User, wanted: Attributes): boolean;
  /** throws the 403 that Kubernetes answers */
  check(user: User, wanted: Attributes): void;
  grants(user: User): Grant[];
  rulesOfRole(kind: string, namespace: string, name: string): PolicyRule[];
}

interface Subject {
  kind: string;
  name: string;
  namespace?: string;
}
interface Binding extends KubeObject {
  roleRef: { kind: string; name: string };
  subjects?: Subject[];
}
interface Role extends KubeObject {
  rules?: PolicyRule[] | null;
  aggregationRule?: { clusterRoleSelectors?: { matchLabels?: Record<string, string> }[] };
}

const rbacGroup = 'rbac.authorization.k8s.io';

/** What every signed-in user may do (`system:basic-user`, `system:discovery`). */
const basic: PolicyRule[] = [
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  {
    verbs: ['get'],
    nonResourceURLs: [
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/healthz',
      '/livez',
      '/openapi',
      '/openapi/*',
      '/readyz',
      '/version',
      '/version/',
    ],
  },
];

const has = (list: readonly string[] | undefined, value: string): boolean =>
  (list ?? []).some((item) => item === '*' || item === value);

export function ruleAllows(rule: PolicyRule, wanted: Attributes): boolean {
  if (!has(rule.verbs, wanted.verb)) return false;
  if (wanted.path !== undefined) {
    const path = wanted.path;
    return (rule.nonResourceURLs ?? []).some(
      (url) => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
    );
  }
  const full = wanted.subresource ? `${wanted.resource}/${wanted.subresource}` : wanted.resource;
  const resources = rule.resources ?? [];
  const named =
    has(resources, full) || (wanted.subresource !== '' && resources.includes(`*/${wanted.subresource}`));
  if (!named || !has(rule.apiGroups, wanted.group)) return false;
  return !rule.resourceNames?.length || rule.resourceNames.includes(wanted.name);
}

export function createAuthorizer(cluster: Cluster): Authorizer {
  let cache = new Map<string, Grant[]>();
  cluster.store.subscribe(({ entry }) => {
    if (entry.key.endsWith(rbacGroup)) cache = new Map();
  });

  const rulesOfRole = (kind: string, namespace: string, name: string): PolicyRule[] => {
    const key = kind === 'ClusterRole' ? `clusterroles.${rbacGroup}` : `roles.${rbacGroup}`;
    const entry = cluster.store.get(key, kind === 'ClusterRole' ? '' : namespace, name);
    if (!entry) return [];
    const role = JSON.parse(entry.json) as Role;
    const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
    if (selectors.length === 0) return role.rules ?? [];
    const parts = listObjects<Role>(cluster, `clusterroles.${rbacGroup}`).filter((other) =>
      selectors.some((selector) => selectorMatches(selector, other.metadata.labels)),
    );
    return [...(role.rules ?? []), ...parts.flatMap((part) => part.rules ?? [])];
  };
  const isSubject = (user: User, subject: Subject, namespace: string): boolean => {
    if (subject.kind === 'Group') return user.groups.includes(subject.name);
    if (subject.kind === 'User') return user.name === subject.name;
    return user.name === `system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`;
  };
  const grants = (user: User): Grant[] => {
    const id = JSON.stringify(user);
    const cached = cache.get(id);
    if (cached) return cached;
    const found: Grant[] = [
      ...basic.map((rule) => ({ namespace: '', rule })),
      ...(user.rules ?? []).map((rule) => ({ namespace: rule.namespace ?? '', rule })),
    ];
    const bindings = [
      ...listObjects<Binding>(cluster, `clusterrolebindings.${rbacGroup}`),
      ...listObjects<Binding>(cluster, `rolebindings.${rbacGroup}`),
    ];
    for (const { metadata, roleRef, subjects } of bindings) {
      const namespace = metadata.namespace ?? '';
      if (!subjects?.some((subject) => isSubject(user, subject, namespace))) continue;
      found.push(...rulesOfRole(roleRef.kind, namespace, roleRef.name).map((rule) => ({ namespace, rule })));
    }
    cache.set(id, found);
    return found;
  };
  const allows = (user: User, wanted: Attributes): boolean => {
    if (user.groups.includes('system:masters')) return true;
    return grants(user).some(
      ({ namespace, rule }) =>
        (namespace === '' || namespace === wanted.namespace) && ruleAllows(rule, wanted),
    );
  };
  return {
    allows,
    grants,
    rulesOfRole,
    check(user, wanted) {
      if (!allows(user, wanted)) throw denied(user, wanted);
    },
  };
}

function denied(user: User, wanted: Attributes): StatusError {
  if (wanted.path !== undefined) {
    return new StatusError(
      403,
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.name)} cannot ${wanted.verb} path ${JSON.stringify(wanted.path)}`,
      {},
    );
  }
  const { verb, group, resource, subresource, namespace, name } = wanted;
  const full = group ? `${resource}.${group}` : resource;
  const what = `${resource}${subresource ? `/${subresource}` : ''}`;
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  return new StatusError(
    403,
    'Forbidden',
    `${full}${name ? ` ${JSON.stringify(name)}` : ''} is forbidden: User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`,
    { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource },
  );
}
