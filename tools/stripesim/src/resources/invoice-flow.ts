import { genericDecline } from '../cards.ts';
import type { Decline } from '../cards.ts';
import { newId } from '../ids.ts';
import { listOf } from '../list.ts';
import type { Scope } from '../simulation.ts';
import { accountFor } from './account.ts';
import { emit } from './event.ts';
import { recordInvoicePayment } from './invoice-payment.ts';
import type { Invoice, InvoiceLine } from './invoice.ts';
import { subscriptionOfInvoice } from './invoice-parent.ts';
import { attemptPayment } from './payment-flow.ts';
import { createIntent } from './payment-intent.ts';
import type { PaymentIntent } from './payment-intent.ts';
import { bookOf, keepBook } from './subscription-book.ts';
import { setSubscription } from './subscription-state.ts';
import type { Subscription } from './subscription.ts';

const daySeconds = 86_400;

/** The platform's share of an amount. */
export const shareOf = (percent: number | null, amount: number): number | null =>
  percent === null ? null : Math.round((amount * percent) / 100);

interface WantedInvoice {
  reason: Invoice['billing_reason'];
  lines: InvoiceLine[];
  period: { start: number; end: number };
}

/** Makes an invoice and finalises it at once; Stripe waits an hour before it does so with a renewal's. */
export function openInvoice(scope: Scope, subscription: Subscription, wanted: WantedInvoice): Invoice {
  const { sim, account } = scope;
  const id = newId('in');
  const now = sim.clock.now();
  const customer = sim.tables.customer.get(subscription.customer);
  const seller = accountFor(sim, account);
  const lines = wanted.lines.map((line) => ({ ...line, invoice: id }));
  const sum = lines.reduce((total, line) => total + line.amount, 0);
  // A negative sum would become credit of the customer; it is not carried on here.
  const due = Math.max(0, sum);
  const draft: Invoice = {
    id,
    object: 'invoice',
    account_country: seller.country,
    account_name: seller.business_profile.name,
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_paid_off_stripe: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: subscription.application,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: wanted.reason,
    collection_method: 'charge_automatically',
    created: now,
    currency: subscription.currency,
    custom_fields: null,
    customer: subscription.customer,
    customer_address: null,
    customer_email: customer?.email ?? null,
    customer_name: customer?.name ?? null,
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: listOf(lines, `/v1/invoices/${id}/lines`),
    livemode: false,
    metadata: {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: wanted.period.end,
    period_start: wanted.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: sum,
    subtotal_excluding_tax: sum,
    test_clock: null,
    total: sum,
    total_discount_amounts: [],
    total_excluding_tax: sum,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: now,
  };
  sim.tables.invoice.put(account, draft);
  emit(scope, 'invoice.created', draft);
  const count = sim.tables.invoice.list(account).filter((item) => item.customer === draft.customer).length;
  const opened: Invoice = {
    ...draft,
    number: `${String(customer?.invoice_prefix ?? 'SIM')}-${String(count).padStart(4, '0')}`,
    status: 'open',
    effective_at: now,
    ending_balance: 0,
    status_transitions: { ...draft.status_transitions, finalized_at: now },
  };
  sim.tables.invoice.put(account, opened);
  emit(scope, 'invoice.finalized', opened, draft);
  setSubscription(scope, subscription.id, { latest_invoice: id });
  return opened;
}

/** Books an invoice as paid by `intent`; none, when nothing was due. */
export function markPaid(scope: Scope, invoice: Invoice, intent: PaymentIntent | undefined): Invoice {
  const { sim, account } = scope;
  if (intent) recordInvoicePayment(scope, invoice, intent);
  sim.agenda.cancel('invoice-retry', invoice.id);
  const paid: Invoice = {
    ...invoice,
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempt_count: invoice.attempt_count + (intent ? 1 : 0),
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...invoice.status_transitions, paid_at: sim.clock.now() },
  };
  sim.tables.invoice.put(account, paid);
  emit(scope, 'invoice.paid', paid, invoice);
  emit(scope, 'invoice.payment_succeeded', paid);
  const subscription = sim.tables.subscription.get(subscriptionOfInvoice(paid));
  if (subscription && ['past_due', 'unpaid', 'incomplete'].includes(subscription.status)) {
    const owing = sim.tables.invoice
      .list(account)
      .some((other) => other.status === 'open' && subscriptionOfInvoice(other) === subscription.id);
    if (!owing) setSubscription(scope, subscription.id, { status: 'active' });
  }
  return paid;
}

function nextCharge(scope: Scope, subscriptionId: string): Decline | undefined {
  const book = bookOf(scope, subscriptionId);
  if (book.failCharges === 0) return undefined;
  keepBook(scope, { ...book, failCharges: book.failCharges - 1 });
  return genericDecline;
}

/** Charges what is due to `methodId`, or the one on file. A refusal is retried, and makes the subscription past due. */
export function payInvoice(
  scope: Scope,
  invoice: Invoice,
  methodId?: string,
): { invoice: Invoice; decline?: Decline } {
  const { tables } = scope.sim;
  const subscription = tables.subscription.get(subscriptionOfInvoice(invoice));
  if (!subscription) throw new Error(`${invoice.id} names a subscription that does not exist`);
  if (invoice.amount_due === 0) return { invoice: markPaid(scope, invoice, undefined) };
  const onFile =
    methodId ??
    subscription.default_payment_method ??
    tables.customer.get(invoice.customer)?.invoice_settings.default_payment_method;
  const method = onFile ? tables.paymentMethod.get(onFile) : undefined;
  const intent = intentFor(scope, invoice, subscription);
  const noMethod: Decline = {
    code: 'payment_method_required',
    declineCode: 'payment_method_required',
    message: 'The customer has no payment method on file.',
  };
  const { intent: tried, decline } = method
    ? attemptPayment(scope, intent, method, nextCharge(scope, subscription.id))
    : { intent, decline: noMethod };
  if (!decline) return { invoice: markPaid(scope, invoice, tried) };
  recordInvoicePayment(scope, invoice, tried);
  return { invoice: recordFailure(scope, invoice, subscription), decline };
}

/** Every attempt at an invoice uses the same payment intent. */
function intentFor(scope: Scope, invoice: Invoice, subscription: Subscription): PaymentIntent {
  const { tables } = scope.sim;
  const earlier = tables.invoicePayment.list(scope.account).find((item) => item.invoice === invoice.id);
  const found = earlier && tables.paymentIntent.get(earlier.payment.payment_intent);
  if (found && found.status !== 'canceled') return found;
  return createIntent(scope, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    captureMethod: 'automatic',
    applicationFee: shareOf(subscription.application_fee_percent, invoice.amount_due),
    description: 'Subscription update',
    metadata: {},
    methodTypes: ['card'],
    futureUsage: 'off_session',
  });
}

function recordFailure(scope: Scope, invoice: Invoice, subscription: Subscription): Invoice {
  const { sim, account } = scope;
  const pause = sim.settings.paymentRetryDays[invoice.attempt_count];
  const next = pause === undefined ? null : sim.clock.now() + pause * daySeconds;
  const failed: Invoice = {
    ...invoice,
    attempt_count: invoice.attempt_count + 1,
    attempted: true,
    next_payment_attempt: next,
  };
  sim.tables.invoice.put(account, failed);
  emit(scope, 'invoice.payment_failed', failed);
  if (next === null) {
    sim.agenda.cancel('invoice-retry', invoice.id);
    setSubscription(
      scope,
      subscription.id,
      sim.settings.afterRetries === 'canceled' ? 'payment_failed' : { status: sim.settings.afterRetries },
    );
  } else {
    sim.agenda.set(account, 'invoice-retry', invoice.id, next);
    if (subscription.status === 'active' || subscription.status === 'trialing') {
      setSubscription(scope, subscription.id, { status: 'past_due' });
    }
  }
  return failed;
}

export function retryInvoice(scope: Scope, id: string): void {
  const invoice = scope.sim.tables.invoice.get(id);
  if (invoice?.status === 'open') payInvoice(scope, invoice);
}

export function voidInvoice(scope: Scope, invoice: Invoice): Invoice {
  const { sim, account } = scope;
  sim.agenda.cancel('invoice-retry', invoice.id);
  const voided: Invoice = {
    ...invoice,
    amount_remaining: 0,
    next_payment_attempt: null,
    status: 'void',
    status_transitions: { ...invoice.status_transitions, voided_at: sim.clock.now() },
  };
  sim.tables.invoice.put(account, voided);
  emit(scope, 'invoice.voided', voided, invoice);
  return voided;
}
