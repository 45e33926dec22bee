import { roles, type Role } from './caller.ts';

/**
 * The lowest role that holds each permission; roles above hold it too. A viewer reads and nothing else, a
 * member does everything but what concerns members, the audit log, the Stripe connection and registry credentials'
 * secrets, an admin everything but transferring and deleting the workspace and forgetting a cluster with what is on it.
 */
export const permissions = {
  'audit.read': 'admin',
  'checkouts.create': 'member',
  'clusters.create': 'member',
  'clusters.delete': 'member',
  'clusters.forget': 'owner',
  'clusters.read': 'viewer',
  'clusters.update': 'member',
  'installs.create': 'member',
  'installs.delete': 'member',
  'installs.exec': 'member',
  'installs.export': 'admin',
  'installs.read': 'viewer',
  'installs.update': 'member',
  'kubeconfigs.create': 'member',
  'invitations.create': 'admin',
  'invitations.delete': 'admin',
  'invitations.read': 'viewer',
  'members.delete': 'admin',
  'members.read': 'viewer',
  'members.update': 'admin',
  'orders.read': 'viewer',
  'orders.refund': 'member',
  'orders.update': 'member',
  'packages.create': 'member',
  'packages.read': 'viewer',
  'prices.read': 'viewer',
  'products.create': 'member',
  'products.delete': 'member',
  'products.read': 'viewer',
  'products.update': 'member',
  'regions.create': 'member',
  'regions.delete': 'member',
  'regions.read': 'viewer',
  'regions.update': 'member',
  'registry_credentials.create': 'admin',
  'registry_credentials.delete': 'admin',
  'registry_credentials.read': 'viewer',
  'releases.read': 'viewer',
  'seller_account.read': 'viewer',
  'seller_account.update': 'admin',
  'templates.create': 'member',
  'templates.delete': 'member',
  'templates.read': 'viewer',
  'templates.update': 'member',
  'workspaces.delete': 'owner',
  'workspaces.transfer': 'owner',
  'workspaces.update': 'admin',
} as const satisfies Record<string, Role>;

/** A permission of the table. */
export type Permission = keyof typeof permissions;

const ranks = new Map(roles.map((role, index) => [role, index]));
const lowest = new Map<string, Role>(Object.entries(permissions));

/** Whether a role holds a permission. A permission that is not in the table is held by nobody. */
export function mayRole(role: Role, permission: string): boolean {
  const needed = ranks.get(lowest.get(permission) ?? 'owner');
  const held = ranks.get(role);
  return lowest.has(permission) && needed !== undefined && held !== undefined && held <= needed;
}
