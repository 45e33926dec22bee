import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { PaymentMode } from '@cnap/proto/cnap/billing/v1/order';
import { OrderEventSchema } from '@cnap/proto/cnap/billing/v1/order_event';
import { describe, expect, test } from 'vitest';
import { renderMail } from '../mail/templates.ts';
import { orderMailOf } from './order-mail.ts';

type Change = MessageInitShape<typeof OrderEventSchema>;
const event = (change: Change = {}) =>
  create(OrderEventSchema, {
    productName: 'Podinfo',
    amountTotal: 4_900n,
    currency: 'eur',
    paymentMode: PaymentMode.ONE_TIME,
    ...change,
  });
const time = timestampFromDate(new Date('2026-12-05T09:30:00Z'));

/** The subject, and what is said to a side without greeting, link and note. */
function said(fact: string, change: Change, side: 'buyer' | 'seller' = 'buyer') {
  const mail = orderMailOf(fact, event(change));
  if (!mail || mail === 'news') return mail;
  const { subject, text } = renderMail(mail.template, { ...mail.data, side, url: 'https://x' });
  return `${subject} | ${text.split('\n\n').slice(1, -3).join(' ')}`;
}

describe('what an order says', () => {
  test.each<[string, Change, string]>([
    ['authorized', {}, 'Paid: Podinfo | Your order of Podinfo is placed. €49.00 is held, and is collected once the software runs. It is being set up now; another mail comes when it is ready.'],
    ['authorized', { amountTotal: 0n, paymentMode: PaymentMode.FREE }, 'Ordered: Podinfo | Your order of Podinfo is placed. There is nothing to pay. It is being set up now; another mail comes when it is ready.'],
    ['authorized', { amountTotal: 3_000n, currency: 'jpy', paymentMode: PaymentMode.SUBSCRIPTION }, 'Paid: Podinfo | Your order of Podinfo is placed. ¥3,000 is paid for the first period. It is being set up now; another mail comes when it is ready.'],
    ['delayed', { deadlineTime: time }, 'Taking longer: Podinfo | Podinfo does not run yet, half an hour after it was ordered. You need not do anything. It is tried again and again, until 5 December 2026 at 09:30 UTC; you get everything back if it does not run by then.'],
    ['fulfilled', { amountCaptured: 4_900n }, 'Ready: Podinfo | Podinfo is running. €49.00 was collected.'],
    ['refunded', { message: 'No such image.' }, 'Not delivered: Podinfo | Your order of Podinfo is undone, and nothing of it is left. No such image. Nothing was collected: the hold on €49.00 is released.'],
    ['refunded', { reason: 'CANCELLED', amountCaptured: 4_900n, amountRefunded: 4_900n }, 'Cancelled: Podinfo | Your order of Podinfo is undone, and nothing of it is left. €49.00 is on its way back to you.'],
    ['payment_failed', {}, 'Payment failed: Podinfo | The payment for Podinfo did not go through. It goes on running, and the payment is tried again. Have a look at your payment method, in the portal that the order leads to.'],
    ['expired', { reason: 'PAYMENT_FAILED' }, 'Payment failed: Podinfo | The payment for Podinfo did not go through, and the order is over. You can order it again.'],
    ['suspended', { removalTime: time }, 'Suspended: Podinfo | Podinfo could not be charged, and is suspended. Its data is kept until 5 December 2026 at 09:30 UTC. It goes on as soon as the open invoice is paid.'],
    ['removal_announced', { removalTime: time }, 'To be removed in 3 days: Podinfo | Podinfo is still not paid. On 5 December 2026 at 09:30 UTC it is removed, with all its data. It stays if the open invoice is paid before.'],
    ['ended', { message: 'Cancelled.' }, 'Ended: Podinfo | Your order of Podinfo has ended, and what runs of it is removed. Cancelled.'],
    ['ended', { reason: 'CLUSTER_FORGOTTEN', message: 'The cluster that it ran on is gone for good.', amountCaptured: 4_900n, amountRefunded: 3_266n }, 'Ended: Podinfo | Your order of Podinfo has ended. The cluster that it ran on is gone for good. €32.66 was given back.'],
  ])('%s (%#)', (fact, change, expected) => {
    expect(said(fact, change)).toBe(expected);
    expect(said(fact, change, 'seller')).toContain('Podinfo');
    expect(said(fact, change, 'seller')).not.toMatch(/\byou get\b|\byour (order|payment)\b/i);
  }); // prettier-ignore

  test.each<[string, Change, 'news' | undefined]>([
    ['fulfilled', { reason: 'PAID' }, 'news'],
    ['compensating', {}, 'news'],
    ['expired', { reason: 'ABANDONED' }, 'news'],
    ['open', {}, undefined],
    ['deploying', {}, undefined],
    ['cancel_requested', {}, undefined],
    ['constructor', {}, undefined],
  ])('%s (%#): no mail', (fact, change, expected) => {
    expect(orderMailOf(fact, event(change))).toBe(expected);
  });
});
