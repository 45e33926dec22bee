import { timestampDate, type Timestamp } from '@bufbuild/protobuf/wkt';
import { PaymentMode } from '@cnap/proto/cnap/billing/v1/order';
import type { OrderEvent } from '@cnap/proto/cnap/billing/v1/order_event';
import type { TemplateName } from '../mail/templates.ts';

/** What a fact about an order has to say to people. */
export type OrderMail = {
  template: TemplateName;
  data: Record<string, string>;
  /** It can happen to an order more than once, and is told each time. */
  repeats: boolean;
  /** It tells of something that passes: a mail that still waits then is not sent. */
  passes: boolean;
};

type Data = OrderMail['data'];

const once = (template: TemplateName, data: Data): OrderMail => ({
  template,
  data,
  repeats: false,
  passes: false,
});
const onceWhile = (template: TemplateName, data: Data) => ({ ...once(template, data), passes: true });
const eachTimeWhile = (template: TemplateName, data: Data) => ({
  ...onceWhile(template, data),
  repeats: true,
});

/** No mail, yet what older facts say is overtaken. */
const news = 'news';
type Told = OrderMail | typeof news;

/** By the name of the fact; one that is not here is none of people's business. */
const byFact = new Map<string, (event: OrderEvent) => Told>([
  ['authorized', (event) => once('order-paid', { mode: modeOf(event) })],
  ['delayed', (event) => onceWhile('order-delayed', { deadline: dateOf(event.deadlineTime) })],
  // Paid again after it was suspended: it was ready before.
  ['fulfilled', (event) => (event.reason === 'PAID' ? news : once('order-ready', collected(event)))],
  ['compensating', () => news],
  ['refunded', (event) => once('order-refunded', undone(event))],
  ['payment_failed', () => eachTimeWhile('order-payment-failed', {})],
  ['suspended', (event) => eachTimeWhile('order-suspended', { removal: dateOf(event.removalTime) })],
  ['removal_announced', (event) => eachTimeWhile('order-removal', { removal: dateOf(event.removalTime) })],
  ['ended', (event) => once('order-ended', undone(event))],
  // Given up by the buyer: they know, and the seller need not.
  [
    'expired',
    ({ reason }) => (reason === 'PAYMENT_FAILED' ? once('order-payment-failed', { isOver: 'yes' }) : news),
  ],
]);

/** The facts that {@link orderMailOf} has something to say about. */
export const toldFacts: readonly string[] = [...byFact.keys()];

/** What a fact tells people about their order. */
export function orderMailOf(fact: string, event: OrderEvent): Told | undefined {
  const told = byFact.get(fact)?.(event);
  if (told === undefined || told === news) return told;
  return { ...told, data: { ...basics(event), ...told.data } };
}

const basics = (event: OrderEvent) => ({
  product: event.productName,
  amount: money(event.amountTotal, event.currency),
  reason: event.reason,
  message: event.message,
});

const collected = ({ amountCaptured, currency }: OrderEvent) => ({
  collected: money(amountCaptured, currency),
});

const undone = ({ amountCaptured, amountRefunded, amountTotal, currency, paymentMode }: OrderEvent) => ({
  refunded: money(amountRefunded, currency),
  held: amountCaptured === 0n && paymentMode === PaymentMode.ONE_TIME ? money(amountTotal, currency) : '',
});

const modeOf = ({ paymentMode }: OrderEvent): string =>
  paymentMode === PaymentMode.SUBSCRIPTION ? 'subscription' : '';

/** "€49.00" from 4900; empty for nothing. */
function money(amount: bigint, currency: string): string {
  if (amount === 0n || currency === '') return '';
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.format(Number(amount) / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

let dates: Intl.DateTimeFormat | undefined;

/** "5 December 2026 at 09:30 UTC". Made when the first is written: what it loads takes 8 MB. */
function dateOf(time: Timestamp | undefined): string {
  if (time === undefined) return '';
  dates ??= new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${dates.format(timestampDate(time))} UTC`;
}
