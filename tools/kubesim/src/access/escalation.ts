import type { AdmissionRequest } from '../admission/admission.ts';
import { targetOf } from '../api/write.ts';
import { fieldsOf, listOf, textOf } from '../objects/object.ts';
import { forbidden } from '../objects/status-error.ts';
import type { Authorizer } from './authorizer.ts';
import type { PolicyRule, User } from './user.ts';

/** Nobody hands out what they do not have, unless they may `escalate` or `bind`. */
export function escalationCheck(authorizer: Authorizer, user: User, request: AdmissionRequest): void {
  const { kind, object } = request;
  if (kind.group !== 'rbac.authorization.k8s.io' || user.groups.includes('system:masters')) return;
  const namespace = object.metadata.namespace ?? '';
  const isBinding = kind.resource.endsWith('bindings');
  const ref = fieldsOf(object['roleRef']);
  const wanted = {
    verb: isBinding ? 'bind' : 'escalate',
    group: kind.group,
    resource: isBinding ? (ref['kind'] === 'ClusterRole' ? 'clusterroles' : 'roles') : kind.resource,
    subresource: '',
    namespace,
    name: isBinding ? textOf(ref['name']) : object.metadata.name,
  };
  if (authorizer.allows(user, wanted)) return;
  const rules = isBinding
    ? authorizer.rulesOfRole(textOf(ref['kind']), namespace, textOf(ref['name']))
    : (listOf(object['rules']) as PolicyRule[]);
  const missing = rules.filter((rule) => !covers(authorizer, user, namespace, rule));
  if (missing.length === 0) return;
  const words = missing.map((rule) => {
    const list = (values: string[] | undefined): string =>
      `[${(values ?? []).map((value) => JSON.stringify(value)).join(' ')}]`;
    return rule.nonResourceURLs
      ? `{NonResourceURLs:${list(rule.nonResourceURLs)}, Verbs:${list(rule.verbs)}}`
      : `{APIGroups:${list(rule.apiGroups)}, Resources:${list(rule.resources)}, Verbs:${list(rule.verbs)}}`;
  });
  throw forbidden(
    targetOf(kind, object.metadata.name),
    `user ${JSON.stringify(user.name)} (groups=[${user.groups.map((group) => JSON.stringify(group)).join(' ')}]) is attempting to grant RBAC permissions not currently held:\n${words.join('\n')}`,
  );
}

function covers(authorizer: Authorizer, user: User, namespace: string, rule: PolicyRule): boolean {
  const names = rule.resourceNames?.length ? rule.resourceNames : [''];
  return rule.verbs.every((verb) => {
    if (rule.nonResourceURLs) {
      return rule.nonResourceURLs.every((path) =>
        authorizer.allows(user, {
          verb,
          group: '',
          resource: '',
          subresource: '',
          namespace: '',
          name: '',
          path,
        }),
      );
    }
    return (rule.apiGroups ?? []).every((group) =>
      (rule.resources ?? []).every((full) => {
        const [resource = '', subresource = ''] = full.split('/');
        return names.every((name) =>
          authorizer.allows(user, { verb, group, resource, subresource, namespace, name }),
        );
      }),
    );
  });
}
