import { getOption } from '@bufbuild/protobuf';
import { rpcServices } from '@cnap/proto';
import { permission as permissionOption } from '@cnap/proto/cnap/options/v1/options';
import { expect, test } from 'vitest';
import { mayRole, permissions, roles, type Role } from '../src/index.ts';

const allowed = (role: Role) => Object.keys(permissions).filter((permission) => mayRole(role, permission));

test('an owner may do everything', () => {
  expect(allowed('owner')).toEqual(Object.keys(permissions));
});

test('an admin may do everything but transfer and delete the workspace, and forget a cluster', () => {
  const missing = Object.keys(permissions).filter((permission) => !mayRole('admin', permission));
  expect(missing.toSorted()).toEqual(['clusters.forget', 'workspaces.delete', 'workspaces.transfer']);
});

test('a member may read no audit log, and touch neither members, the workspace, the Stripe connection nor secrets', () => {
  const missing = Object.keys(permissions).filter((permission) => !mayRole('member', permission));
  expect(missing.toSorted()).toEqual([
    'audit.read',
    'clusters.forget',
    'installs.export',
    'invitations.create',
    'invitations.delete',
    'members.delete',
    'members.update',
    'registry_credentials.create',
    'registry_credentials.delete',
    'seller_account.update',
    'workspaces.delete',
    'workspaces.transfer',
    'workspaces.update',
  ]);
});

test('a viewer reads all but the audit log, and does nothing else', () => {
  expect(allowed('viewer')).toEqual(
    Object.keys(permissions).filter(
      (permission) => permission.endsWith('.read') && permission !== 'audit.read',
    ),
  );
});

test.each(roles)('%s does not hold a permission that is not in the table', (role) => {
  expect(mayRole(role, 'clusters.explode')).toBe(false);
  expect(mayRole(role, 'toString')).toBe(false);
  expect(mayRole(role, '')).toBe(false);
});

test('the table has the permissions of the protos, no more and no less', () => {
  const methods = Object.values(rpcServices).flatMap((services) =>
    services.flatMap((service) => service.methods),
  );
  const declared = new Set(
    methods.map((method) => getOption(method, permissionOption)).filter((name) => name !== ''),
  );
  expect(Object.keys(permissions).toSorted()).toEqual([...declared].toSorted());
});
