import { announcedBeforeMs, isAnnounced, removalOf, type Announcement } from './announcement.ts';
import { hasEnded, isUnpaid, lossOf, refundUnused, undoMoney } from './money-back.ts';
import type { MoneySeen } from './port.ts';
import { enter, lookAgainMs, minute, wait, type Seen, type Step, type Wanted } from './step.ts';

const dailyMs = 24 * 60 * minute;

/** While it is the buyer's: FULFILLED, or SUSPENDED. */
export function whileDelivered(wanted: Wanted, { money, install }: Seen, now: Date): Step {
  const { subscription } = money;
  if (wanted.refund) {
    return undoMoney(money) ?? enter('ended', 'REFUNDED_BY_SELLER', 'The seller gave the money back.');
  }
  if (wanted.detachedAt) return whileDetached(money, wanted.detachedAt);
  if (install?.phase === 'detached') return { do: 'note-detached' };
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
  if (wanted.installSleep !== 'awake') return { do: 'revive-install' };
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
  if (wanted.installSleep !== 'asleep') return { do: 'hibernate-install' };
  return wait(Math.min(60 * minute, isTold ? left : left - announcedBeforeMs));
}

/** Its cluster is forgotten: nothing more is charged, and what is paid for the time after that is given back. */
function whileDetached(money: MoneySeen, since: Date): Step {
  const { subscription } = money;
  if (subscription && !hasEnded(subscription)) return { do: 'cancel-subscription' };
  const message = 'The cluster that it ran on is gone for good.';
  return refundUnused(money, since) ?? enter('ended', 'CLUSTER_FORGOTTEN', message);
}
