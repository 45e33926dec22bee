import type { Customers, Owner } from '../customer/port.ts';
import { onAccount, type StripeClient } from './client.ts';

const details = (workspaceId: string, owner: Owner) => ({
  email: owner.email,
  name: owner.name,
  metadata: { workspaceId, userId: owner.userId },
});

export function stripeCustomers({ sdk, call }: StripeClient): Customers {
  return {
    async find(accountId, workspaceId) {
      // A workspace id is letters, digits and "_", so it needs no quoting in a search.
      const found = await call('customers.search', () =>
        sdk.customers.search(
          { query: `metadata['workspaceId']:'${workspaceId}'`, limit: 1 },
          onAccount(accountId),
        ),
      );
      return found.data[0]?.id;
    },

    async create(accountId, workspaceId, owner) {
      const key = `${accountId}:${workspaceId}:customer`;
      const customer = await call('customers.create', () =>
        sdk.customers.create(details(workspaceId, owner), onAccount(accountId, key)),
      );
      return customer.id;
    },

    async update(accountId, customerId, workspaceId, owner) {
      await call('customers.update', () =>
        sdk.customers.update(customerId, details(workspaceId, owner), onAccount(accountId)),
      );
    },
  };
}
