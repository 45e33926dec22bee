// Whoever calls too often is told in every protocol when to come again.
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import { ListingService } from '@cnap/proto/cnap/catalog/v1/listing_service';
import { RetryInfoSchema } from '@cnap/proto/google/rpc/error_details';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestGateway, transports } from './test-gateway.ts';

const gateway = await startTestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());
const { answers } = gateway.backends;
const tooOften = () =>
  new DomainError('resource-exhausted', 'RATE_LIMITED', 'There were too many attempts.', {
    metadata: { retryAfterSeconds: '7' },
  });
beforeEach(() => {
  answers.failure = undefined;
  answers.callerFailure = undefined;
});

describe.each([
  ['a service', () => (answers.failure = tooOften()), {}],
  ['who knows the callers', () => (answers.callerFailure = tooOften()), { authorization: 'Bearer unknown' }],
])('%s has had enough', (_, refuse, headers) => {
  test.each(Object.entries(transports))('%s', async (_name, transportTo) => {
    refuse();
    const call = createClient(ListingService, transportTo(gateway.url)).listListings({}, { headers });
    const error = ConnectError.from(await call.catch((thrown: unknown) => thrown));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.metadata.get('retry-after')).toBe('7');
    expect(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(7n);
  });

  test('REST', async () => {
    refuse();
    const answer = await fetch(`${gateway.url}/v1/listings`, { headers });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await answer.json()).toMatchObject({ error: { details: { reason: 'RATE_LIMITED' } } });
  });
});
