/** Calls of one unary RPC, over and over. */
export type CallJob = {
  kind: 'calls';
  origin: string;
  path: string;
  /** POST unless told. */
  method?: 'GET' | 'POST';
  headers: Record<string, string>;
  /** Base64 of the body. */
  body: string;
  /** What a good answer holds somewhere. */
  expect: string;
  /** Where the RPC's own status is. */
  status: 'http' | 'trailers' | 'last-frame';
  connections: number;
  inFlight: number;
  /** Made before, and not counted. */
  warmUpCalls: number;
  ms: number;
};

/** Signed webhooks, so many a second, whether or not the last ones were answered. */
export type WebhookJob = {
  kind: 'webhooks';
  url: string;
  secret: string;
  account: string;
  type: string;
  perSecond: number;
  seconds: number;
};

/** What came of it; times in milliseconds. */
export type LoadResult = { count: number; failed: number; firstFailure: string; ms: number; times: number[] };
