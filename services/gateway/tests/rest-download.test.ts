import { randomBytes } from 'node:crypto';
import { DomainError } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { startRestGateway } from './rest-services.ts';

const gateway = await startRestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());
const { log } = gateway;
gateway.people.set('owner', gateway.keys.person('owner'));
const address = `${gateway.url}/v1/installs/${newId('ins')}/support_bundle`;
beforeEach(() => Object.assign(log, { lines: [], last: 'end' }));

const download = (headers: Record<string, string> = {}) =>
  fetch(address, { headers: { authorization: 'Bearer owner', ...headers } });

test('a download is the bytes as they are', async () => {
  const parts = [randomBytes(64 * 1024), randomBytes(10), randomBytes(64 * 1024)];
  log.lines = parts.map((part) => part.toString('latin1'));
  const response = await download();
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/gzip');
  expect(response.headers.get('content-disposition')).toBe('attachment');
  expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.concat(parts));
});

test('an error before the first byte has its status', async () => {
  log.last = new DomainError('resource-exhausted', 'SUPPORT_BUNDLE_TOO_MANY', 'Many are being made.');
  const response = await download();
  expect(response.status).toBe(429);
  expect(await response.json()).toMatchObject({
    error: { details: { reason: 'SUPPORT_BUNDLE_TOO_MANY' } },
  });
});

test('after it the download is cut off: nobody takes a part for the whole', async () => {
  log.lines = ['the beginning'];
  log.last = new DomainError('unavailable', 'CLUSTER_UNREACHABLE', 'The cluster is gone.');
  const response = await download();
  expect(response.status).toBe(200);
  await expect(response.arrayBuffer()).rejects.toThrow('terminated');
});

test('who takes no archive gets none', async () => {
  expect((await download({ accept: 'text/html' })).status).toBe(406);
  log.lines = ['x'];
  expect((await download({ accept: 'application/gzip' })).status).toBe(200);
});
