import { installVerbs, usualResources } from '@cnap/kubernetes';
import { expect, test } from 'vitest';
import { neededPermissions, rbacRules } from './permissions.ts';

test('no permission is asked for twice', () => {
  const keys = neededPermissions(true).map((one) => `${one.group}/${one.resource}:${one.verb}`);
  expect(new Set(keys).size).toBe(keys.length);
});

test('what the fit check takes for granted is what is asked for, all of it', () => {
  const needed = neededPermissions(false);
  const resources = Map.groupBy(needed, ({ group, resource }) => `${resource}.${group}`);
  const whole = [...resources].filter(([, asked]) =>
    installVerbs.every((verb) => asked.some((one) => one.verb === verb)),
  );
  expect(whole.map(([name]) => name).toSorted()).toEqual(
    usualResources.map(({ group, resource }) => `${resource}.${group}`).toSorted(),
  );
});

test('a cluster that allows no cluster-wide objects needs to make none', () => {
  const makes = (clusterWideObjects: boolean) =>
    neededPermissions(clusterWideObjects)
      .filter(({ verb }) => verb === 'create')
      .map(({ resource }) => resource);
  expect(makes(false)).not.toContain('clusterroles');
  expect(makes(true)).toContain('clusterroles');
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
