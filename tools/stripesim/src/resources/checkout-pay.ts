import type { Scope } from '../simulation.ts';
import { planOf } from './checkout-session.ts';
import type { CheckoutSession, SessionPlan } from './checkout-session.ts';
import { createCustomer } from './customer.ts';
import { emit } from './event.ts';
import { markPaid, openInvoice, shareOf } from './invoice-flow.ts';
import { attemptPayment, settleIntent } from './payment-flow.ts';
import { createIntent } from './payment-intent.ts';
import type { PaymentIntent } from './payment-intent.ts';
import {
  attach,
  billingDetails,
  createBankDebit,
  createCard,
  makeDefault,
  refusalOf,
} from './payment-method.ts';
import type { EnteredCard, PaymentMethod } from './payment-method.ts';
import { itemLine } from './proration.ts';
import { periodLines } from './subscription-cycle.ts';
import { createSubscription } from './subscription.ts';
import type { Subscription } from './subscription.ts';

export interface Payer {
  email: string;
  name: string | null;
  /** Null: by direct debit, which settles later. */
  card: EnteredCard | null;
}

export type PayOutcome = { paid: true; session: CheckoutSession } | { paid: false; message: string };

/** What pressing "Pay" does. A refused card leaves the session open to be tried again. */
export function paySession(scope: Scope, session: CheckoutSession, payer: Payer): PayOutcome {
  const { tables } = scope.sim;
  const plan = planOf(scope, session.id);
  const details = billingDetails(payer.email, payer.name);
  const method = payer.card ? createCard(scope, payer.card, details) : createBankDebit(scope, details);
  const customer = session.customer ?? (plan.createCustomer ? newCustomer(scope, payer) : null);
  const known = tables.session.put(scope.account, { ...session, customer });
  const due = known.amount_total;
  if (due === 0) {
    const refusal = payer.card && refusalOf(payer.card.number);
    if (refusal) return { paid: false, message: refusal.message };
    return { paid: true, session: complete(scope, known, plan, method, undefined) };
  }
  const begun = plan.intent === null ? undefined : tables.paymentIntent.get(plan.intent);
  const intent = begun ?? intentFor(scope, known, plan);
  tables.sessionPlan.put(scope.account, { ...plan, intent: intent.id });
  const named =
    known.mode === 'payment'
      ? tables.session.put(scope.account, { ...known, payment_intent: intent.id })
      : known;
  const { intent: tried, decline } = attemptPayment(scope, intent, method);
  if (decline) return { paid: false, message: decline.message };
  return { paid: true, session: complete(scope, named, plan, method, tried) };
}

const newCustomer = (scope: Scope, payer: Payer): string =>
  createCustomer(scope, { email: payer.email, name: payer.name }).id;

const intentFor = (scope: Scope, session: CheckoutSession, plan: SessionPlan): PaymentIntent =>
  createIntent(scope, {
    amount: session.amount_total,
    currency: session.currency,
    customer: session.customer,
    captureMethod: session.mode === 'payment' ? plan.captureMethod : 'automatic',
    applicationFee:
      session.mode === 'payment'
        ? plan.applicationFee
        : shareOf(plan.applicationFeePercent, session.amount_total),
    description: session.mode === 'payment' ? plan.description : 'Subscription creation',
    metadata: session.mode === 'payment' ? plan.metadata : {},
    methodTypes: session.payment_method_types,
    futureUsage: session.mode === 'payment' ? plan.futureUsage : 'off_session',
  });

function complete(
  scope: Scope,
  session: CheckoutSession,
  plan: SessionPlan,
  method: PaymentMethod,
  intent: PaymentIntent | undefined,
): CheckoutSession {
  const { sim, account } = scope;
  sim.agenda.cancel('session-expires', session.id);
  if (session.customer !== null && (session.mode === 'subscription' || plan.futureUsage !== null)) {
    attach(scope, method.id, session.customer);
  }
  const subscribed =
    session.mode === 'subscription' ? subscribe(scope, session, plan, method, intent) : undefined;
  const settled = intent === undefined || intent.status === 'succeeded';
  const done: CheckoutSession = {
    ...session,
    customer_details: {
      address: method.billing_details.address,
      business_name: null,
      email: method.billing_details.email,
      individual_name: null,
      name: method.billing_details.name,
      phone: null,
      tax_exempt: 'none',
      tax_ids: [],
    },
    invoice: subscribed?.latest_invoice ?? null,
    // A held payment is unpaid until it is captured, a debit until it arrives.
    payment_status: intent === undefined ? 'no_payment_required' : settled ? 'paid' : 'unpaid',
    status: 'complete',
    subscription: subscribed?.id ?? null,
    url: null,
  };
  sim.tables.session.put(account, done);
  emit(scope, 'checkout.session.completed', done);
  return done;
}

function subscribe(
  scope: Scope,
  session: CheckoutSession,
  plan: SessionPlan,
  method: PaymentMethod,
  intent: PaymentIntent | undefined,
): Subscription {
  const customer = session.customer;
  if (customer === null) throw new Error(`${session.id} has no customer`);
  makeDefault(scope, method.id, customer);
  const subscription = createSubscription(scope, {
    customer,
    currency: session.currency,
    items: plan.lineItems.filter((item) => item.price.recurring),
    paymentMethod: method.id,
    applicationFeePercent: plan.applicationFeePercent,
    trialDays: plan.trialDays,
    description: plan.description,
    metadata: plan.metadata,
  });
  const now = scope.sim.clock.now();
  const period = { start: now, end: now };
  const setUp = plan.lineItems
    .filter((item) => !item.price.recurring)
    .map((item) =>
      itemLine(subscription, {
        item: null,
        price: item.price,
        quantity: item.quantity,
        amount: item.amount_total,
        description: item.description,
        period,
        proration: false,
      }),
    );
  const invoice = openInvoice(scope, subscription, {
    reason: 'subscription_create',
    lines: [...setUp, ...periodLines(subscription, plan.trialDays > 0)],
    period,
  });
  markPaid(scope, invoice, intent);
  return scope.sim.tables.subscription.get(subscription.id) ?? subscription;
}

/** A debit that a session was paid with arrives, or bounces. */
export function settleSession(scope: Scope, session: CheckoutSession, succeeded: boolean): CheckoutSession {
  const { tables } = scope.sim;
  const intent =
    session.payment_intent === null ? undefined : tables.paymentIntent.get(session.payment_intent);
  if (!intent) throw new Error(`${session.id} has no payment`);
  settleIntent(scope, intent, succeeded);
  const after = tables.session.put(scope.account, {
    ...session,
    payment_status: succeeded ? 'paid' : 'unpaid',
  });
  emit(scope, `checkout.session.async_payment_${succeeded ? 'succeeded' : 'failed'}`, after);
  return after;
}
