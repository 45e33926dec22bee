export interface WebhookEndpoint {
  url: string;
  secret: string;
}

/** What can be set at the start and later through /_sim/settings. */
export interface Settings {
  webhooks: WebhookEndpoint[];
  /** Secret keys that are accepted; empty: every `sk_test_…`. */
  apiKeys: string[];
  /** Stripe's search sees what was written this many seconds ago (Stripe says: under a minute, mostly). */
  searchLagSeconds: number;
  /** Pauses between attempts to charge a renewal, in days of simulated time. */
  paymentRetryDays: number[];
  /** What becomes of a subscription when the last attempt has failed. */
  afterRetries: 'canceled' | 'unpaid' | 'past_due';
  /** First pause before a failed webhook is sent again; doubles up to 60 s. Real time. */
  webhookRetryMs: number;
  webhookAttempts: number;
  webhookTimeoutMs: number;
}

export const defaultSettings: Settings = {
  webhooks: [],
  apiKeys: [],
  searchLagSeconds: 0,
  paymentRetryDays: [1, 3, 5, 7],
  afterRetries: 'canceled',
  webhookRetryMs: 500,
  webhookAttempts: 100,
  webhookTimeoutMs: 20_000,
};
