import { subscribe } from '@cnap/events';
import { SellerEventSchema } from '@cnap/proto/cnap/billing/v1/seller_event';
import { isNews, write, type Notify } from './notify.ts';
import { sellersOf } from './store.ts';

/** Sellers hear that Stripe has stopped paying out: not while it never did, and not when they disconnect themselves. */
export const onSeller = (notify: Notify) =>
  subscribe({
    subject: 'billing.v1.seller.*',
    schema: SellerEventSchema,
    async handle(tx, { version, time, message }) {
      const { workspaceId, payoutsEnabled, stripeAccountId } = message;
      const subject = `payouts of ${workspaceId}`;
      const before = await isNews(tx, subject, version, payoutsEnabled ? 'paid out' : 'not paid out');
      if (before !== 'paid out' || payoutsEnabled || stripeAccountId === '') return;
      await write(tx, notify, time, await sellersOf(tx, workspaceId), {
        key: `${workspaceId}:payouts-disabled@${version}`,
        template: 'payouts-disabled',
        passesWith: subject,
        data: {
          canCharge: message.chargesEnabled ? 'yes' : '',
          url: 'https://dashboard.stripe.com/account/status',
        },
      });
    },
  });
