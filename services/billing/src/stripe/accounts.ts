import type { Stripe } from 'stripe';
import type { Accounts, AccountSeen } from '../seller-account/port.ts';
import type { StripeClient } from './client.ts';
import { isAccountLost, isMissing } from './errors.ts';

const seen = (account: Stripe.Account): AccountSeen => ({
  id: account.id,
  chargesEnabled: account.charges_enabled ?? false,
  payoutsEnabled: account.payouts_enabled ?? false,
  detailsSubmitted: account.details_submitted ?? false,
});

/** Standard accounts: the seller has the dashboard, pays Stripe's fees and bears its losses. */
export function stripeAccounts({ sdk, call }: StripeClient): Accounts {
  return {
    create: async (workspaceId) =>
      seen(
        await call('accounts.create', () =>
          sdk.accounts.create(
            { type: 'standard', metadata: { workspaceId } },
            { idempotencyKey: `${workspaceId}:account` },
          ),
        ),
      ),

    findFor: (workspaceId, since) =>
      call('accounts.list', async () => {
        // A minute for clocks that differ.
        const created = { gte: Math.floor(since.getTime() / 1_000) - 60 };
        for await (const account of sdk.accounts.list({ created, limit: 100 })) {
          if (account.metadata?.['workspaceId'] === workspaceId) return seen(account);
        }
        return undefined;
      }),

    async read(accountId) {
      try {
        return seen(await call('accounts.retrieve', () => sdk.accounts.retrieve(accountId)));
      } catch (error) {
        if (isMissing(error) || isAccountLost(error)) return undefined;
        throw error;
      }
    },

    onboardingLink: async (accountId, { returnUrl, refreshUrl }) => {
      const link = await call('accountLinks.create', () =>
        sdk.accountLinks.create({
          account: accountId,
          type: 'account_onboarding',
          return_url: returnUrl,
          refresh_url: refreshUrl,
        }),
      );
      return link.url;
    },
  };
}
