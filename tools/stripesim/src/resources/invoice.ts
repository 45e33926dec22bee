import { invalidRequest, KeptError } from '../errors.ts';
import { listParams, page } from '../list.ts';
import type { ListPage } from '../list.ts';
import { owned } from '../owned.ts';
import { oneOf, range, text } from '../params.ts';
import { route } from '../route.ts';
import type { StripeObject } from '../tables.ts';
import { subscriptionOfInvoice } from './invoice-parent.ts';
import { payInvoice, voidInvoice } from './invoice-flow.ts';

export interface InvoiceLine extends StripeObject {
  object: 'line_item';
  amount: number;
  description: string | null;
  period: { start: number; end: number };
  quantity: number | null;
}

export interface Invoice extends StripeObject {
  object: 'invoice';
  amount_due: number;
  amount_paid: number;
  amount_remaining: number;
  attempt_count: number;
  billing_reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  created: number;
  currency: string;
  customer: string;
  lines: ListPage<InvoiceLine>;
  next_payment_attempt: number | null;
  number: string | null;
  parent: {
    quote_details: null;
    subscription_details: { metadata: Record<string, string>; subscription: string };
    type: 'subscription_details';
  };
  status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';
  status_transitions: {
    finalized_at: number | null;
    marked_uncollectible_at: number | null;
    paid_at: number | null;
    voided_at: number | null;
  };
  total: number;
}

export const invoiceRoutes = [
  route(
    'GET',
    '/v1/invoices',
    {
      ...listParams,
      customer: text(),
      subscription: text(),
      status: oneOf('draft', 'open', 'paid', 'uncollectible', 'void'),
      created: range,
    },
    ({ sim, account }, params) => {
      const found = sim.tables.invoice
        .list(account)
        .filter((invoice) => params.customer === undefined || invoice.customer === params.customer)
        .filter(
          (invoice) =>
            params.subscription === undefined || subscriptionOfInvoice(invoice) === params.subscription,
        )
        .filter((invoice) => params.status === undefined || invoice.status === params.status)
        .filter((invoice) => params.created?.(invoice.created) ?? true);
      return page(found, params, '/v1/invoices');
    },
  ),
  route('GET', '/v1/invoices/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.invoice, 'invoice', id),
  ),
  route('GET', '/v1/invoices/:id/lines', listParams, (scope, params, { id }) =>
    page(
      owned(scope, scope.sim.tables.invoice, 'invoice', id).lines.data,
      params,
      `/v1/invoices/${id}/lines`,
    ),
  ),
  route('POST', '/v1/invoices/:id/pay', { payment_method: text() }, (scope, params, { id }) => {
    const { tables } = scope.sim;
    const invoice = owned(scope, tables.invoice, 'invoice', id);
    if (invoice.status === 'paid') throw invalidRequest('Invoice is already paid');
    if (invoice.status !== 'open') {
      throw invalidRequest(
        `This invoice is ${invoice.status} and cannot be paid`,
        undefined,
        'invoice_not_payable',
      );
    }
    if (params.payment_method !== undefined) {
      owned(scope, tables.paymentMethod, 'PaymentMethod', params.payment_method, 'payment_method');
    }
    const { invoice: after, decline } = payInvoice(scope, invoice, params.payment_method);
    if (decline) {
      throw new KeptError(402, decline.message, {
        type: 'card_error',
        code: decline.code,
        decline_code: decline.declineCode,
      });
    }
    return after;
  }),
  route('POST', '/v1/invoices/:id/void', {}, (scope, _params, { id }) => {
    const invoice = owned(scope, scope.sim.tables.invoice, 'invoice', id);
    if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
      throw invalidRequest(
        `You can only void open or uncollectible invoices; this one is ${invoice.status}.`,
      );
    }
    return voidInvoice(scope, invoice);
  }),
];
