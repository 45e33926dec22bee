import { Stripe } from 'stripe';
import type { ExternalCalls } from '@cnap/service';
import { stripeError } from './errors.ts';

/** What each file of this folder works with. */
export type StripeClient = {
  readonly sdk: Stripe;
  /** Makes one call: with a deadline, with Stripe's errors translated. */
  call<T>(name: string, work: () => Promise<T>): Promise<T>;
};

/** Stripe keys live for 24 hours; https://docs.stripe.com/api/idempotent_requests */
export type RequestOptions = { stripeAccount?: string; idempotencyKey?: string };

/** The request options of a call on a seller's account. */
export const onAccount = (stripeAccount: string, idempotencyKey?: string): RequestOptions => ({
  stripeAccount,
  ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
});

const timeoutMs = 15_000;

/** Opens the client; `apiUrl` names a stand-in for Stripe, such as the simulator. */
export function createStripeClient(options: {
  secretKey: string;
  apiUrl?: string;
  externalCalls: ExternalCalls;
}): StripeClient {
  const sdk = new Stripe(options.secretKey, {
    timeout: timeoutMs,
    maxNetworkRetries: 1, // with the same key; the reconcilers' own retries do the rest
    telemetry: false,
    appInfo: { name: 'cnap-billing' },
    ...(options.apiUrl === undefined ? {} : addressOf(options.apiUrl)),
  });
  return {
    sdk,
    call: (name, work) =>
      options.externalCalls(`stripe.${name}`, async () => {
        try {
          return await work();
        } catch (error) {
          throw stripeError(error);
        }
      }),
  };
}

function addressOf(apiUrl: string): { host: string; port: number; protocol: 'http' | 'https' } {
  const url = new URL(apiUrl);
  const protocol = url.protocol === 'http:' ? 'http' : 'https';
  return { host: url.hostname, port: Number(url.port) || (protocol === 'http' ? 80 : 443), protocol };
}
