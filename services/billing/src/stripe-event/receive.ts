import { DomainError, messageOf } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import { wake } from '@cnap/reconcile';
import type { HttpRequest, HttpResponse } from '@cnap/rpc';
import { currentTraceparent, type Logger, withTrace } from '@cnap/telemetry';
import type { BillingTables } from '../database.ts';
import type { Webhooks } from './port.ts';
import { insertEvent } from './store.ts';

type Deps = { db: Database<BillingTables>; webhooks: Webhooks; logger: Logger };

const path = '/webhooks/stripe';
const maxBytes = 1_024 * 1_024;
const bodyTimeoutMs = 10_000;

/** `POST /webhooks/stripe`: checks, stores once, answers. What the event means is found out later. */
export const stripeWebhookHandler =
  (deps: Deps) =>
  (request: HttpRequest, response: HttpResponse): boolean => {
    if (new URL(request.url ?? '/', 'http://billing').pathname !== path) return false;
    withTrace(undefined, () => receive(deps, request)).then(
      () => answer(response, 200, { received: true }),
      (error: unknown) => answerError(deps, response, error),
    );
    return true;
  };

async function receive({ db, webhooks }: Deps, request: HttpRequest): Promise<void> {
  if (request.method !== 'POST')
    throw new DomainError('unimplemented', 'METHOD_NOT_ALLOWED', 'Webhooks are sent by POST.');
  const body = await readBody(request);
  const header = request.headers['stripe-signature'];
  const event = webhooks.read(body, Array.isArray(header) ? header[0] : header);
  await db.acrossWorkspaces(async (tx) => {
    const isNew = await insertEvent(tx, event, currentTraceparent());
    if (isNew) await wake(tx, 'stripe-event', event.id);
  });
}

/** The raw bytes, which the signature is about. */
async function readBody(request: HttpRequest): Promise<Buffer> {
  const tooLate = setTimeout(() => request.destroy(new Error('the body took too long')), bodyTimeoutMs);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes)
        throw new DomainError('resource-exhausted', 'BODY_TOO_LARGE', 'The body is larger than 1 MiB.');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(tooLate);
  }
}

const statuses: Partial<Record<DomainError['kind'], number>> = {
  'invalid-argument': 400,
  unimplemented: 405,
  'resource-exhausted': 413,
};

function answerError({ logger }: Deps, response: HttpResponse, error: unknown): void {
  const known = error instanceof DomainError ? error : undefined;
  const status = known ? statuses[known.kind] : undefined;
  if (status === undefined) {
    // Stripe sends it again, for days.
    logger.error({ err: error }, `a webhook could not be stored: ${messageOf(error)}`);
    answer(response, 503, { error: { code: 'UNAVAILABLE', message: 'The event could not be stored.' } });
    return;
  }
  const { reason, message, suggestion } = known ?? { reason: '', message: '' };
  answer(response, status, { error: { code: reason, message, ...(suggestion ? { suggestion } : {}) } });
}

function answer(response: HttpResponse, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.end(`${JSON.stringify(body)}\n`);
}
