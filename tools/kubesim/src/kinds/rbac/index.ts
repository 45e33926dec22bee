import { same, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, nameColumn } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { immutable } from '../kind.ts';
import { roleBindingShape } from '../shapes.ts';

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;

const bindingParts = {
  shape: roleBindingShape,
  validateUpdate: (object: Parameters<NonNullable<Kind['validateUpdate']>>[0], old: typeof object) =>
    same(object['roleRef'], old['roleRef'])
      ? []
      : [immutable('roleRef', 'cannot change roleRef', object['roleRef'])],
  columns: [
    nameColumn,
    column('Role', (o) => `${textOf(at(o, 'roleRef.kind'))}/${textOf(at(o, 'roleRef.name'))}`),
    ageColumn,
  ],
} satisfies Partial<Kind>;

export const rbacKinds: readonly Kind[] = [
  {
    ...rbac,
    kind: 'ClusterRoleBinding',
    resource: 'clusterrolebindings',
    singular: 'clusterrolebinding',
    namespaced: false,
    ...bindingParts,
  },
  { ...rbac, kind: 'ClusterRole', resource: 'clusterroles', singular: 'clusterrole', namespaced: false },
  {
    ...rbac,
    kind: 'RoleBinding',
    resource: 'rolebindings',
    singular: 'rolebinding',
    namespaced: true,
    ...bindingParts,
  },
  { ...rbac, kind: 'Role', resource: 'roles', singular: 'role', namespaced: true },
];
