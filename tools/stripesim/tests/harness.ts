import { createServer } from 'node:http';
import { Stripe } from 'stripe';
import { startStripesim } from '../src/index.ts';
import type { Stripesim, StripesimOptions } from '../src/index.ts';

export const webhookSecret = 'whsec_stripesim_test';

export interface Received {
  event: Stripe.Event;
  raw: string;
  signature: string;
}

/** Somebody who listens to webhooks and can be told to refuse the next ones. */
export interface Listener extends AsyncDisposable {
  url: string;
  received: Received[];
  types(): string[];
  refuseNext(count: number): void;
}

export async function startListener(): Promise<Listener> {
  const received: Received[] = [];
  let refused = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (refused > 0) {
        refused -= 1;
        response.writeHead(503).end();
        return;
      }
      const raw = Buffer.concat(chunks).toString();
      const signature = String(request.headers['stripe-signature']);
      received.push({ event: JSON.parse(raw) as Stripe.Event, raw, signature });
      response.end('ok');
    });
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    url: `http://127.0.0.1:${address.port}/webhooks`,
    received,
    types: () => received.map(({ event }) => event.type),
    refuseNext: (count) => void (refused = count),
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

export function clientOf(sim: Stripesim, options: Stripe.StripeConfig = {}): Stripe {
  return new Stripe('sk_test_platform', {
    host: sim.host,
    port: sim.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    ...options,
  });
}

export interface Shop extends AsyncDisposable {
  sim: Stripesim;
  stripe: Stripe;
  listener: Listener;
  /** The seller's account, ready to sell; `on` names it in a request. */
  account: string;
  on: { stripeAccount: string };
}

/** A simulation with a listener and a seller who has been onboarded by the page. */
export async function openShop(options: StripesimOptions = {}): Promise<Shop> {
  await using stack = new AsyncDisposableStack();
  const listener = stack.use(await startListener());
  const sim = stack.use(
    await startStripesim({
      ...options,
      settings: {
        webhooks: [{ url: listener.url, secret: webhookSecret }],
        webhookRetryMs: 5,
        ...options.settings,
      },
    }),
  );
  const stripe = clientOf(sim);
  const account = await onboard(stripe);
  const running = stack.move();
  return {
    sim,
    stripe,
    listener,
    account,
    on: { stripeAccount: account },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export async function onboard(stripe: Stripe): Promise<string> {
  const { id } = await stripe.accounts.create({
    type: 'standard',
    email: 'seller@example.com',
    business_profile: { name: 'Acme Software' },
  });
  const link = await stripe.accountLinks.create({
    account: id,
    type: 'account_onboarding',
    return_url: 'http://shop.example/return',
    refresh_url: 'http://shop.example/refresh',
  });
  const answer = await submit(link.url, { action: 'complete', business_name: 'Acme Software' });
  if (answer.headers.get('location') !== 'http://shop.example/return') throw new Error('not onboarded');
  return id;
}

export const submit = (url: string, form: Record<string, string>): Promise<Response> =>
  fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });

export const card = (number: string): Record<string, string> => ({
  action: 'pay',
  email: 'buyer@example.com',
  name: 'Bo Buyer',
  card_number: number,
  card_expiry: '12/34',
  card_cvc: '123',
});

export const goodCard = card('4242 4242 4242 4242');
export const declinedCard = card('4000000000000002');
export const failingLaterCard = card('4000000000000341');

export async function aPrice(
  { stripe, on }: Shop,
  price: Partial<Stripe.PriceCreateParams> = {},
): Promise<Stripe.Price> {
  const product = await stripe.products.create({ name: 'Podinfo' }, on);
  return stripe.prices.create({ currency: 'eur', unit_amount: 2000, product: product.id, ...price }, on);
}

export const monthly = { recurring: { interval: 'month' } } as const;

export async function aPaymentSession(
  shop: Shop,
  more: Partial<Stripe.Checkout.SessionCreateParams> = {},
): Promise<Stripe.Checkout.Session> {
  const price = await aPrice(shop);
  return shop.stripe.checkout.sessions.create(
    {
      mode: 'payment',
      line_items: [{ price: price.id, quantity: 1 }],
      payment_intent_data: {
        capture_method: 'manual',
        application_fee_amount: 200,
        metadata: { orderId: 'ord_1' },
      },
      success_url: 'http://shop.example/done?session={CHECKOUT_SESSION_ID}',
      cancel_url: 'http://shop.example/cancelled',
      client_reference_id: 'ord_1',
      metadata: { orderId: 'ord_1' },
      ...more,
    },
    shop.on,
  );
}

export async function aSubscription(
  shop: Shop,
  more: Partial<Stripe.Checkout.SessionCreateParams> = {},
  form: Record<string, string> = goodCard,
): Promise<Stripe.Subscription> {
  const price = await aPrice(shop, { unit_amount: 3000, ...monthly });
  const created = await shop.stripe.checkout.sessions.create(
    {
      mode: 'subscription',
      line_items: [{ price: price.id, quantity: 1 }],
      subscription_data: { application_fee_percent: 10, metadata: { orderId: 'ord_2' } },
      success_url: 'http://shop.example/done',
      ...more,
    },
    shop.on,
  );
  const answer = await submit(created.url ?? '', form);
  if (answer.status !== 303) throw new Error(await answer.text());
  const session = await shop.stripe.checkout.sessions.retrieve(created.id, {}, shop.on);
  return shop.stripe.subscriptions.retrieve(String(session.subscription), {}, shop.on);
}

/** Every webhook has been delivered. */
export async function webhooksDone({ sim }: Pick<Shop, 'sim'>): Promise<void> {
  await sim.webhooksIdle(AbortSignal.timeout(60_000));
}
