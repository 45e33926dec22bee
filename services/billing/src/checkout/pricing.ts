import type { PriceSeen } from '../price/port.ts';

/** One line of what an order costs; amounts in the currency's smallest unit. */
export type PaymentLine = {
  price: PriceSeen;
  /** Undefined for metered prices, whose use is counted later. */
  quantity: number | undefined;
  amount: number;
};

/** What a checkout costs. */
export type Quote = {
  mode: 'free' | 'one-time' | 'subscription';
  lines: PaymentLine[];
  currency: string;
  /** Of all lines. */
  total: number;
  /** At once: recurring lines are not due within a trial. */
  dueNow: number;
  /** The platform's part of `total`, for one-time orders. */
  feeAmount: number;
};

export type QuoteProblem = { reason: string; message: string; suggestion: string };

export const freeQuote: Quote = { mode: 'free', lines: [], currency: '', total: 0, dueNow: 0, feeAmount: 0 };

/** Pure: what these prices come to, or why they cannot be charged together. */
export function quote(
  prices: readonly PriceSeen[],
  options: { quantity: number; trialDays: number; feePercent: number },
): { quote: Quote } | { problem: QuoteProblem } {
  const active = prices.filter((price) => price.active);
  const [first] = active;
  const ask = 'Ask the seller to correct the prices of the product.';
  const refuse = (reason: string, message: string) => ({ problem: { reason, message, suggestion: ask } });
  if (first === undefined) return refuse('NO_ACTIVE_PRICE', 'The product has no price that can be bought.');
  // Without its recurring price, a subscription would be given away for its set-up fee.
  if (prices.some(isRecurring) && !active.some(isRecurring)) {
    return refuse('PRICE_INACTIVE', 'The recurring price of the product is no longer active.');
  }
  if (active.some(({ currency }) => currency !== first.currency)) {
    return refuse('MIXED_CURRENCIES', 'The prices of the product are in different currencies.');
  }
  const unfixed = active.find(({ kind, unitAmount }) => kind !== 'metered' && unitAmount === undefined);
  if (unfixed) return refuse('PRICE_NOT_SUPPORTED', `The price ${unfixed.label} has no fixed amount.`);

  const lines = active.map((price) => lineOf(price, options.quantity));
  const sum = (some: PaymentLine[]): number => some.reduce((total, { amount }) => total + amount, 0);
  const total = sum(lines);
  const recurring = active.some(isRecurring);
  return {
    quote: {
      mode: recurring ? 'subscription' : 'one-time',
      lines,
      currency: first.currency,
      total,
      dueNow: options.trialDays > 0 ? sum(lines.filter(({ price }) => !isRecurring(price))) : total,
      feeAmount: recurring ? 0 : Math.round((total * options.feePercent) / 100),
    },
  };
}

export const hasSeats = (prices: readonly PriceSeen[]): boolean =>
  prices.some(({ kind, active }) => active && kind === 'per-seat');

const isRecurring = (price: PriceSeen): boolean => price.kind !== 'one-time';

function lineOf(price: PriceSeen, seats: number): PaymentLine {
  if (price.kind === 'metered') return { price, quantity: undefined, amount: 0 };
  const quantity = price.kind === 'per-seat' ? seats : 1;
  return { price, quantity, amount: (price.unitAmount ?? 0) * quantity };
}
