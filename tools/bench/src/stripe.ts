import { createHmac } from 'node:crypto';

/** The headers of a webhook as Stripe signs it (https://docs.stripe.com/webhooks#verify-manually). */
export function signed(body: string, secret: string): Record<string, string> {
  const time = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return { 'content-type': 'application/json', 'stripe-signature': `t=${time},v1=${signature}` };
}
