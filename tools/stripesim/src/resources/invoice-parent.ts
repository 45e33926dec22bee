import type { Invoice } from './invoice.ts';

/** Since API version 2025-03-31 an invoice names its subscription through its parent. */
export const subscriptionOfInvoice = (invoice: Invoice): string =>
  invoice.parent.subscription_details.subscription;
