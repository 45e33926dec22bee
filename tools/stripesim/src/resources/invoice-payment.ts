import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { oneOf, record, required, text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { emit } from './event.ts';
import type { Invoice } from './invoice.ts';
import type { PaymentIntent } from './payment-intent.ts';

/** Which payment intent pays which invoice: the invoice itself no longer names it. */
export interface InvoicePayment extends StripeObject {
  object: 'invoice_payment';
  amount_paid: number | null;
  invoice: string;
  payment: { type: 'payment_intent'; payment_intent: string };
  status: 'open' | 'paid' | 'canceled';
}

/** Notes how the payment of an invoice stands; makes the note when there is none. */
export function recordInvoicePayment(scope: Scope, invoice: Invoice, intent: PaymentIntent): InvoicePayment {
  const { sim, account } = scope;
  const before = sim.tables.invoicePayment
    .list(account)
    .find((item) => item.invoice === invoice.id && item.payment.payment_intent === intent.id);
  const paid = intent.status === 'succeeded';
  const now = sim.clock.now();
  const payment: InvoicePayment = {
    id: before?.id ?? newId('inpay'),
    object: 'invoice_payment',
    amount_paid: paid ? intent.amount_received : null,
    amount_requested: intent.amount,
    created: before?.created ?? now,
    currency: intent.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { type: 'payment_intent', payment_intent: intent.id },
    status: paid ? 'paid' : 'open',
    status_transitions: { canceled_at: null, paid_at: paid ? now : null },
  };
  sim.tables.invoicePayment.put(account, payment);
  if (paid) emit(scope, 'invoice_payment.paid', payment);
  return payment;
}

export const invoicePaymentRoutes = [
  route(
    'GET',
    '/v1/invoice_payments',
    {
      ...listParams,
      invoice: text(),
      status: oneOf('canceled', 'open', 'paid'),
      payment: record({ type: required(oneOf('payment_intent')), payment_intent: text() }),
    },
    ({ sim, account }, params) => {
      const wanted = params.payment?.payment_intent;
      const found = sim.tables.invoicePayment
        .list(account)
        .filter((item) => params.invoice === undefined || item.invoice === params.invoice)
        .filter((item) => params.status === undefined || item.status === params.status)
        .filter((item) => wanted === undefined || item.payment.payment_intent === wanted);
      return page(found, params, '/v1/invoice_payments');
    },
  ),
  route('GET', '/v1/invoice_payments/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.invoicePayment, 'invoice payment', id),
  ),
];
