import { expect, test } from 'vitest';
import { neededPermissions, rbacRules } from './permissions.ts';

test('no permission is asked for twice', () => {
  const keys = neededPermissions(true).map((one) => `${one.group}/${one.resource}:${one.verb}`);
  expect(new Set(keys).size).toBe(keys.length);
});

test('a cluster that allows no cluster-wide objects needs no cluster roles', () => {
  expect(neededPermissions(false).some((one) => one.resource === 'clusterroles')).toBe(false);
  expect(neededPermissions(true).some((one) => one.resource === 'clusterroles')).toBe(true);
});

test('missing permissions become rules that grant exactly them', () => {
  const missing = [
    { group: '', resource: 'secrets', verb: 'create' },
    { group: '', resource: 'secrets', verb: 'patch' },
    { group: '', resource: 'configmaps', verb: 'create' },
    { group: '', resource: 'configmaps', verb: 'patch' },
    { group: 'apps', resource: 'deployments', verb: 'delete' },
  ];
  expect(rbacRules(missing)).toEqual([
    { apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['create', 'patch'] },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['delete'] },
  ]);
});
