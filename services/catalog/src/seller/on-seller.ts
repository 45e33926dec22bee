import { subscribe } from '@cnap/events';
import { SellerEventSchema } from '@cnap/proto/cnap/billing/v1/seller_event';
import { applySeller } from './store.ts';

/** Keeps which sellers can take payments. */
export const onSeller = subscribe({
  subject: 'billing.v1.seller.*',
  schema: SellerEventSchema,
  async handle(tx, { fact, message, version }) {
    await applySeller(tx, {
      workspace_id: message.workspaceId,
      charges_enabled: fact !== 'disabled' && message.chargesEnabled,
      version: String(version),
    });
  },
});
