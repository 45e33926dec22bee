import { subscribe, type ReceivedEvent } from '@cnap/events';
import { OrderEventSchema, type OrderEvent } from '@cnap/proto/cnap/billing/v1/order_event';
import type { Tx } from '../database.ts';
import { orderMailOf, toldFacts } from './order-mail.ts';
import { isNews, write, type Notify } from './notify.ts';
import { buyersOf, sellersOf } from './store.ts';

/**
 * Both sides of an order hear of it, each person once per mail, and in the order in which things happened: facts can
 * come twice and late, and what is overtaken is not told any more. Somebody on both sides gets the buyer's mail.
 */
export const onOrder = (notify: Notify) =>
  toldFacts.map((fact) =>
    subscribe({
      subject: `billing.v1.order.${fact}`,
      schema: OrderEventSchema,
      handle: (tx, event) => tellOfOrder(tx, notify, event),
    }),
  );

async function tellOfOrder(
  tx: Tx,
  notify: Notify,
  { fact, version, time, message }: ReceivedEvent<OrderEvent>,
): Promise<void> {
  const mail = orderMailOf(fact, message);
  if (!mail) return;
  const { orderId } = message;
  const before = await isNews(tx, orderId, version, fact);
  if (before === undefined || mail === 'news') return;
  const { template, repeats, passes } = mail;
  const key = `${orderId}:${template}${repeats ? `@${version}` : ''}`;
  const about = (side: string) => ({
    key,
    template,
    ...(passes ? { passesWith: orderId } : {}),
    data: { ...mail.data, side, url: new URL(`/orders/${orderId}`, notify.publicUrl).href },
  });
  const buyers = await buyersOf(tx, message.workspaceId, message.userId);
  await write(tx, notify, time, buyers, about('buyer'));
  await write(tx, notify, time, await sellersOf(tx, message.sellerWorkspaceId), about('seller'));
}
