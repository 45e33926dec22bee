import { announcedBeforeMs, delayedMs, isAnnounced, removalOf, type Announcement } from './announcement.ts';
import type { ChargeSeen, InstallSeen, MoneySeen, PaymentSeen, SubscriptionSeen } from './port.ts';

/** Where an order is (domain.md, "Orders and money"). */
export type OrderState =
  | 'open'
  | 'authorized'
  | 'deploying'
  | 'fulfilled'
  | 'suspended'
  | 'ended'
  | 'expired'
  | 'compensating'
  | 'refunded';

/** What is wanted of an order. */
export type Wanted = {
  state: OrderState;
  mode: 'free' | 'one-time' | 'subscription';
  hasSession: boolean;
  cancel: 'no' | 'at-once' | 'at-period-end';
  /** The seller wants it refunded in full. */
  refund: boolean;
  createdAt: Date;
  /** When its state was entered. */
  since: Date;
  /** What was announced since then, by {@link announcementKey}. */
  announced: readonly string[];
  /** By when the install must be healthy; set when it is authorised. */
  deadline: Date | undefined;
  /** The installer knows that the install has to go, and whether anything is left of it. */
  installEnd: 'not-asked' | 'going' | 'gone';
};

/** What was found. */
export type Seen = {
  money: MoneySeen;
  /** Unset before DEPLOYING, and while the installer cannot be reached. */
  install?: InstallSeen;
};

/** One step, at most one of which leaves the service: a crash costs one step. */
export type Step =
  | { do: 'enter'; state: OrderState; reason: string; message: string }
  | {
      do: 'expire-session' | 'ensure-install' | 'capture' | 'release' | 'cancel-subscription' | 'end-install';
    }
  | { do: 'cancel-subscription-at-period-end' }
  | { do: 'announce'; what: Announcement }
  | { do: 'refund'; charge: ChargeSeen }
  | { do: 'wait'; afterMs: number }
  | { do: 'rest' };

const minute = 60_000;
/** Facts may be lost: what is not at rest looks again by itself. */
export const lookAgainMs = 5 * minute;
const dailyMs = 24 * 60 * minute;
/** A session lives for 24 hours; one that was never made has nobody who could pay it. */
const openMs = 24 * 60 * minute;

const enter = (state: OrderState, reason: string, message: string): Step => ({
  do: 'enter',
  state,
  reason,
  message,
});
const wait = (afterMs = lookAgainMs): Step => ({ do: 'wait', afterMs });

/** The next step of an order. Pure: the clock comes in. */
export function nextStep(wanted: Wanted, seen: Seen, now: Date): Step {
  switch (wanted.state) {
    case 'open':
      return whileOpen(wanted, seen.money, now);
    case 'authorized':
    case 'deploying':
      return whileDeploying(wanted, seen, now);
    case 'compensating':
      return whileCompensating(wanted, seen.money);
    case 'fulfilled':
    case 'suspended':
      return whileDelivered(wanted, seen.money, now);
    case 'ended':
    case 'refunded':
      return whenOver(wanted, seen.money);
    case 'expired':
      return { do: 'rest' };
  }
}

function whileOpen(wanted: Wanted, money: MoneySeen, now: Date): Step {
  const { session } = money;
  if (session === undefined) {
    if (wanted.cancel !== 'no') return enter('expired', 'CANCELLED', 'Cancelled before it was paid.');
    const left = wanted.createdAt.getTime() + openMs - now.getTime();
    return left > 0
      ? wait(left)
      : enter('expired', 'ABANDONED', 'The checkout was not finished within 24 hours.');
  }
  if (session.status === 'expired') {
    return wanted.cancel === 'no'
      ? enter('expired', 'ABANDONED', 'The checkout was not finished in time.')
      : enter('expired', 'CANCELLED', 'Cancelled before it was paid.');
  }
  if (session.status === 'open') return wanted.cancel === 'no' ? wait() : { do: 'expire-session' };
  return wanted.mode === 'subscription' ? whileSubscribing(money) : whilePaying(money);
}

const authorized = enter('authorized', '', '');
const paymentFailed = enter('expired', 'PAYMENT_FAILED', 'The payment did not go through.');

function whilePaying({ session, payment }: MoneySeen): Step {
  switch (payment?.status) {
    case undefined: // nothing was due
      return session?.settled ? authorized : wait();
    case 'requires_capture':
    case 'succeeded':
      return authorized;
    case 'canceled':
    case 'requires_payment_method': // a debit that did not settle
      return paymentFailed;
    default:
      return wait();
  }
}

function whileSubscribing({ session, subscription }: MoneySeen): Step {
  if (subscription === undefined) return wait();
  if (hasEnded(subscription)) return paymentFailed;
  const begun = subscription.status === 'trialing' || subscription.status === 'active';
  // A debit makes a subscription active before it has settled.
  return begun && (session?.settled || subscription.invoicePaid) ? authorized : wait();
}

function whileDeploying(wanted: Wanted, { money, install }: Seen, now: Date): Step {
  const undo = (reason: string, message: string): Step => enter('compensating', reason, message);
  const lost = lossOf(money);
  if (lost) return undo(lost.reason, lost.message);
  if (wanted.refund) return undo('REFUNDED_BY_SELLER', 'The seller gave the money back.');
  if (wanted.cancel !== 'no') return undo('CANCELLED', 'Cancelled before it was delivered.');
  if (install?.phase === 'failed')
    return undo('INSTALL_FAILED', `The software cannot run: ${install.message}`);
  if (install?.phase === 'gone')
    return undo('INSTALL_GONE', 'The install was removed before it was delivered.');
  if (install?.phase === 'healthy') {
    return money.payment?.status === 'requires_capture' ? { do: 'capture' } : enter('fulfilled', '', '');
  }
  const left = (wanted.deadline?.getTime() ?? Number.POSITIVE_INFINITY) - now.getTime();
  if (left <= 0) {
    const state = install?.message ? ` Last seen: ${install.message}` : '';
    return undo('DEADLINE_EXCEEDED', `The software was not running in time.${state}`);
  }
  const untilDelayed = wanted.since.getTime() + delayedMs - now.getTime();
  const delayed: Announcement = { fact: 'delayed' };
  const isLate = isAnnounced(wanted, delayed);
  if (untilDelayed <= 0 && !isLate) return { do: 'announce', what: delayed };
  if (wanted.state === 'authorized') return { do: 'ensure-install' };
  return wait(Math.min(left, lookAgainMs, isLate ? left : untilDelayed));
}

/** The money first: it must not wait for an installer that cannot be reached. */
function whileCompensating(wanted: Wanted, money: MoneySeen): Step {
  const step = undoMoney(money);
  if (step) return step;
  return wanted.installEnd === 'not-asked' ? { do: 'end-install' } : enter('refunded', '', '');
}

function undoMoney({ payment, subscription }: MoneySeen): Step | undefined {
  if (subscription && !hasEnded(subscription)) return { do: 'cancel-subscription' };
  if (payment?.status === 'processing') return wait();
  if (payment && payment.status !== 'succeeded' && payment.status !== 'canceled') return { do: 'release' };
  const kept = chargesOf(payment, subscription).find(
    (charge) => !isReturned(charge) && charge.dispute !== 'open',
  );
  return kept && { do: 'refund', charge: kept };
}

function whileDelivered(wanted: Wanted, money: MoneySeen, now: Date): Step {
  const { subscription } = money;
  if (wanted.refund) {
    return undoMoney(money) ?? enter('ended', 'REFUNDED_BY_SELLER', 'The seller gave the money back.');
  }
  const lost = lossOf(money);
  if (lost) {
    const cancelled = subscription && hasEnded(subscription) && wanted.cancel !== 'no';
    return cancelled ? enter('ended', 'CANCELLED', 'Cancelled.') : enter('ended', lost.reason, lost.message);
  }
  if (wanted.cancel === 'at-once') {
    return subscription ? { do: 'cancel-subscription' } : enter('ended', 'CANCELLED', 'Cancelled.');
  }
  if (subscription === undefined) return { do: 'rest' };
  if (wanted.cancel === 'at-period-end' && subscription.endsAt === undefined) {
    return { do: 'cancel-subscription-at-period-end' };
  }
  const unpaid = isUnpaid(subscription);
  if (wanted.state === 'fulfilled' && unpaid) {
    return enter('suspended', 'PAYMENT_FAILED', 'The subscription could not be charged.');
  }
  if (wanted.state === 'suspended' && !unpaid && subscription.status !== 'past_due') {
    return enter('fulfilled', 'PAID', 'The subscription is paid again.');
  }
  if (wanted.state === 'suspended') return whileSuspended(wanted, now);
  const failed: Announcement = { fact: 'payment_failed', about: subscription.unpaidInvoiceId ?? '' };
  if (subscription.status === 'past_due' && !isAnnounced(wanted, failed)) {
    return { do: 'announce', what: failed };
  }
  // Whatever becomes of it comes as an event; should that be lost, it is looked for.
  const untilEnd = subscription.endsAt ? subscription.endsAt.getTime() - now.getTime() : dailyMs;
  return wait(Math.max(Math.min(untilEnd, dailyMs), 0) + lookAgainMs);
}

function whileSuspended(wanted: Wanted, now: Date): Step {
  const left = removalOf(wanted.since).getTime() - now.getTime();
  if (left <= 0) return enter('ended', 'UNPAID', 'It was not paid for 14 days.');
  const announcement: Announcement = { fact: 'removal_announced' };
  const isTold = isAnnounced(wanted, announcement);
  if (left <= announcedBeforeMs && !isTold) return { do: 'announce', what: announcement };
  return wait(Math.min(60 * minute, isTold ? left : left - announcedBeforeMs));
}

/** Nothing may be charged any more, and nothing may run. */
function whenOver(wanted: Wanted, { subscription }: MoneySeen): Step {
  if (subscription && !hasEnded(subscription)) return { do: 'cancel-subscription' };
  return wanted.installEnd === 'gone' ? { do: 'rest' } : { do: 'end-install' };
}

/** Why the money of an order is gone, if it is. */
function lossOf({ payment, subscription }: MoneySeen): { reason: string; message: string } | undefined {
  const charges = chargesOf(payment, subscription);
  if (charges.some((charge) => charge.dispute === 'lost')) {
    return { reason: 'DISPUTE_LOST', message: 'The payment was disputed, and the dispute is lost.' };
  }
  if (charges.length > 0 && charges.every(isReturned)) {
    return { reason: 'REFUNDED_BY_SELLER', message: 'The seller gave the money back.' };
  }
  if (payment?.status === 'canceled')
    return { reason: 'HOLD_LOST', message: 'The hold on the money has ended.' };
  if (subscription && hasEnded(subscription)) {
    return { reason: 'SUBSCRIPTION_ENDED', message: 'The subscription has ended.' };
  }
  return undefined;
}

const chargesOf = (
  payment: PaymentSeen | undefined,
  subscription: SubscriptionSeen | undefined,
): ChargeSeen[] =>
  [...(payment?.charge ? [payment.charge] : []), ...(subscription?.charges ?? [])].filter(
    ({ captured }) => captured > 0,
  );

const isReturned = (charge: ChargeSeen): boolean =>
  charge.refunded >= charge.captured || charge.dispute === 'lost';

const hasEnded = ({ status }: SubscriptionSeen): boolean =>
  status === 'canceled' || status === 'incomplete_expired';

/** While Stripe still tries, the buyer keeps what they bought. */
const isUnpaid = ({ status, retriesOver }: SubscriptionSeen): boolean =>
  status === 'unpaid' || status === 'paused' || (status === 'past_due' && retriesOver);
