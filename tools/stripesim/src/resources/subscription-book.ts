import type { Scope } from '../simulation.ts';
import type { InvoiceLine } from './invoice.ts';

/** What stripesim remembers of a subscription beside what Stripe shows of it. */
export interface SubscriptionBook {
  id: string;
  /** Prorations that wait for the next invoice. */
  pending: InvoiceLine[];
  /** How many of the next charges are refused, whatever the card says (/_sim). */
  failCharges: number;
}

export const bookOf = ({ sim }: Scope, id: string): SubscriptionBook =>
  sim.tables.subscriptionBook.get(id) ?? { id, pending: [], failCharges: 0 };

export const keepBook = ({ sim, account }: Scope, book: SubscriptionBook): void =>
  void sim.tables.subscriptionBook.put(account, book);
