import type { Kind } from '../kinds/kind.ts';
import type { Fields, KubeObject } from '../objects/object.ts';
import { fieldsOf, listOf, textOf } from '../objects/object.ts';
import type { Authorizer } from './authorizer.ts';
import type { Tokens } from './tokens.ts';
import type { Attributes, PolicyRule, User } from './user.ts';

function attributesOf(spec: Fields): Attributes {
  const resource = fieldsOf(spec['resourceAttributes']);
  const path = fieldsOf(spec['nonResourceAttributes']);
  const isPath = spec['nonResourceAttributes'] !== undefined;
  return {
    verb: textOf(isPath ? path['verb'] : resource['verb']),
    group: textOf(resource['group']),
    resource: textOf(resource['resource']),
    subresource: textOf(resource['subresource']),
    namespace: textOf(resource['namespace']),
    name: textOf(resource['name']),
    path: isPath ? textOf(path['path']) : undefined,
  };
}

/** Reviews are answered with what requests would meet, so that both always agree. */
export function answerReview(
  kind: Kind,
  review: KubeObject,
  user: User,
  authorizer: Authorizer,
  tokens: Tokens,
): KubeObject {
  const spec = fieldsOf(review['spec']);
  const answer = (status: Fields): KubeObject => ({
    ...review,
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: { ...review.metadata, creationTimestamp: undefined },
    status,
  });
  const decide = (who: User): KubeObject => {
    const allowed = authorizer.allows(who, attributesOf(spec));
    return answer({
      allowed,
      ...(allowed && !who.groups.includes('system:masters') ? { reason: 'RBAC: allowed' } : {}),
    });
  };
  switch (kind.kind) {
    case 'SelfSubjectAccessReview':
      return decide(user);
    case 'SubjectAccessReview':
    case 'LocalSubjectAccessReview':
      return decide({ name: textOf(spec['user']), groups: listOf(spec['groups']).map(textOf) });
    case 'SelfSubjectRulesReview':
      return answer(rulesOf(user, textOf(spec['namespace']), authorizer));
    case 'SelfSubjectReview':
      return answer({ userInfo: { username: user.name, groups: user.groups } });
    default: {
      const found = tokens.find(textOf(spec['token']));
      return answer(
        found
          ? { authenticated: true, user: { username: found.name, groups: found.groups } }
          : { authenticated: false },
      );
    }
  }
}

function rulesOf(user: User, namespace: string, authorizer: Authorizer): Fields {
  const everything: PolicyRule[] = user.groups.includes('system:masters')
    ? [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
      ]
    : [];
  const granted = authorizer
    .grants(user)
    .filter((grant) => grant.namespace === '' || grant.namespace === namespace);
  const rules = [...everything, ...granted.map(({ rule }) => rule)];
  return {
    resourceRules: rules
      .filter((rule) => rule.nonResourceURLs === undefined)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames ? { resourceNames } : {}),
      })),
    nonResourceRules: rules
      .filter((rule) => rule.nonResourceURLs !== undefined)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
}
