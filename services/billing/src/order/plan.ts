import { delayedMs, isAnnounced, type Announcement } from './announcement.ts';
import { whileDelivered } from './delivered.ts';
import { hasEnded, lossOf, undoMoney } from './money-back.ts';
import type { MoneySeen } from './port.ts';
import { enter, lookAgainMs, minute, wait, type Seen, type Step, type Wanted } from './step.ts';

/** A session lives for 24 hours; one that was never made has nobody who could pay it. */
const openMs = 24 * 60 * minute;

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
      return whileDelivered(wanted, seen, now);
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
  if (install?.phase === 'gone' || install?.phase === 'detached')
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

/** Nothing may be charged any more, and nothing may run. */
function whenOver(wanted: Wanted, { subscription }: MoneySeen): Step {
  if (subscription && !hasEnded(subscription)) return { do: 'cancel-subscription' };
  return wanted.installEnd === 'gone' ? { do: 'rest' } : { do: 'end-install' };
}
