import { paragraphs, type Content, type MailData } from './content.ts';

type OrderContent = { subject: string; buyer: string[]; seller: string[] };

const why = {
  buyer: 'You get this as the buyer’s workspace is yours, or the order.',
  seller: 'You get this as an owner or admin of the seller’s workspace.',
};

/** A mail about an order says the same to both sides, in the words of each. */
const aboutOrder =
  (write: (product: string, data: MailData) => OrderContent) =>
  (data: MailData): Content => {
    const isSeller = data['side'] === 'seller';
    const { subject, buyer, seller } = write(data['product'] ?? 'the software', data);
    return {
      subject,
      text: ['Hello,', ...(isSeller ? seller : buyer)],
      action: { label: 'Look at the order', url: data['url'] ?? '' },
      note: isSeller ? why.seller : why.buyer,
    };
  };

/** What became of the money of an order that was undone; nothing is to be said of what was free. */
function moneyBack({ refunded = '', held = '' }: MailData, toWhom: string): string | undefined {
  if (refunded !== '') return `${refunded} is on its way back to ${toWhom}.`;
  return held === '' ? undefined : `Nothing was collected: the hold on ${held} is released.`;
}

/** How it is paid, in words for both sides. */
function payment({ mode = '', amount = '' }: MailData): string {
  if (amount === '') return mode === 'subscription' ? 'Nothing is due yet.' : 'There is nothing to pay.';
  if (mode === 'subscription') return `${amount} is paid for the first period.`;
  return `${amount} is held, and is collected once the software runs.`;
}

/** Nothing can be removed from a cluster that is gone. */
const removed = (reason: string): string =>
  reason === 'CLUSTER_FORGOTTEN' ? '' : ', and what runs of it is removed';

/** Mails about orders, by the name of the state that they tell of. */
export const orderTemplates = {
  'order-paid': aboutOrder((product, data) => ({
    subject: data['amount'] ? `Paid: ${product}` : `Ordered: ${product}`,
    buyer: [
      `Your order of ${product} is placed. ${payment(data)}`,
      'It is being set up now; another mail comes when it is ready.',
    ],
    seller: [`${product} was ordered. ${payment(data)}`, 'It is being set up on one of your clusters now.'],
  })),
  'order-delayed': aboutOrder((product, { deadline = '', amount = '' }) => ({
    subject: `Taking longer: ${product}`,
    buyer: [
      `${product} does not run yet, half an hour after it was ordered.`,
      `You need not do anything. It is tried again and again${deadline === '' ? '' : `, until ${deadline}`}; ${
        amount === '' ? 'the order is undone' : 'you get everything back'
      } if it does not run by then.`,
    ],
    seller: [
      `An order of ${product} does not run yet, half an hour after it was placed.`,
      `It is undone${amount === '' ? '' : ' and refunded'} if it does not run${
        deadline === '' ? ' in time' : ` by ${deadline}`
      }. The order says what it waits for.`,
    ],
  })),
  'order-ready': aboutOrder((product, { collected = '' }) => ({
    subject: `Ready: ${product}`,
    buyer: paragraphs(`${product} is running.`, collected !== '' && `${collected} was collected.`),
    seller: paragraphs(
      `The ${product} that was ordered is running.`,
      collected !== '' && `${collected} was collected.`,
    ),
  })),
  'order-refunded': aboutOrder((product, data) => ({
    subject: data['reason'] === 'CANCELLED' ? `Cancelled: ${product}` : `Not delivered: ${product}`,
    buyer: paragraphs(
      `Your order of ${product} is undone, and nothing of it is left.`,
      data['message'],
      moneyBack(data, 'you'),
    ),
    seller: paragraphs(
      `An order of ${product} is undone, and nothing of it is left.`,
      data['message'],
      moneyBack(data, 'the buyer'),
    ),
  })),
  'order-payment-failed': aboutOrder((product, { isOver = '' }) =>
    isOver === ''
      ? {
          subject: `Payment failed: ${product}`,
          buyer: [
            `The payment for ${product} did not go through. It goes on running, and the payment is tried again.`,
            'Have a look at your payment method, in the portal that the order leads to.',
          ],
          seller: [
            `A payment for ${product} did not go through. It goes on running, and the payment is tried again.`,
          ],
        }
      : {
          subject: `Payment failed: ${product}`,
          buyer: [
            `The payment for ${product} did not go through, and the order is over. You can order it again.`,
          ],
          seller: [`The payment for an order of ${product} did not go through, and the order is over.`],
        },
  ),
  'order-suspended': aboutOrder((product, { removal = '' }) => ({
    subject: `Suspended: ${product}`,
    buyer: [
      `${product} could not be charged, and is suspended.`,
      `Its data is kept until ${removal}. It goes on as soon as the open invoice is paid.`,
    ],
    seller: [
      `An order of ${product} could not be charged, and is suspended.`,
      `Its data is kept until ${removal}. It goes on as soon as the open invoice is paid.`,
    ],
  })),
  'order-removal': aboutOrder((product, { removal = '' }) => ({
    subject: `To be removed in 3 days: ${product}`,
    buyer: [
      `${product} is still not paid. On ${removal} it is removed, with all its data.`,
      'It stays if the open invoice is paid before.',
    ],
    seller: [
      `An order of ${product} is still not paid. On ${removal} what runs of it is removed, with all its data.`,
      'It stays if the open invoice is paid before.',
    ],
  })),
  'order-ended': aboutOrder((product, { message = '', refunded = '', reason = '' }) => ({
    subject: `Ended: ${product}`,
    buyer: paragraphs(
      `Your order of ${product} has ended${removed(reason)}.`,
      message,
      refunded !== '' && `${refunded} was given back.`,
    ),
    seller: paragraphs(
      `An order of ${product} has ended${removed(reason)}.`,
      message,
      refunded !== '' && `${refunded} was given back.`,
    ),
  })),
} satisfies Record<string, (data: MailData) => Content>;
