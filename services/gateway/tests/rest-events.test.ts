import { connect, constants } from 'node:http2';
import { once } from 'node:events';
import { DomainError } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { startRestGateway } from './rest-services.ts';

const gateway = await startRestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());
const { log } = gateway;
gateway.people.set('owner', gateway.keys.person('owner'));
const path = `/v1/installs/${newId('ins')}/logs`;
const headers = { authorization: 'Bearer owner', accept: 'text/event-stream' };
beforeEach(() => Object.assign(log, { lines: [], last: 'end', ended: Promise.withResolvers() }));

const open = (query = '', signal?: AbortSignal) =>
  fetch(gateway.url + path + query, { headers, ...(signal === undefined ? {} : { signal }) });
/** The events of a text, without comments. */
const eventsIn = (text: string) =>
  text.split('\n\n').filter((event) => event !== '' && !event.startsWith(':'));

test('lines are events, with follow as its default is', async () => {
  log.lines = ['one', 'two\r\nhalf', 'ünï'];
  const response = await open();
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(eventsIn(await response.text())).toEqual([
    'data: follow true tail 0 since 0',
    'data: one',
    'data: two\ndata: half',
    'data: ünï',
  ]);
});

test('parameters arrive', async () => {
  const events = eventsIn(await (await open('?follow=false&tail=5&since_seconds=60&container=x')).text());
  expect(events).toEqual(['data: follow false tail 5 since 60']);
});

test('a line comes when it is there, with comments meanwhile', async () => {
  const next = Promise.withResolvers<string>();
  log.lines = [next.promise];
  const reader = (await open()).body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes(':\n\n')) text += (await reader?.read())?.value ?? expect.fail('it ended');
  expect(text).toMatch(/^data: follow/);
  next.resolve('late');
  while (!text.includes('data: late')) text += (await reader?.read())?.value ?? expect.fail('it ended');
});

test('who leaves ends the stream at its service', async () => {
  log.last = 'hang';
  const leave = new AbortController();
  expect((await open('', leave.signal)).status).toBe(200);
  leave.abort();
  await log.ended.promise;
});

test('an error before the first line has its status', async () => {
  const response = await open('?pod=none');
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({
    error: { code: 'not_found', details: { reason: 'POD_NOT_FOUND' } },
  });
});

test('an error after it is an event', async () => {
  log.last = new DomainError('unavailable', 'CLUSTER_UNREACHABLE', 'The cluster is gone.');
  const [, error] = eventsIn(await (await open()).text());
  expect(error).toMatch(
    /^event: error\ndata: \{"error":\{"code":"unavailable","message":"The cluster is gone\."/,
  );
});

test('who is signed out is told so, and so is who gets another role', async () => {
  log.last = 'hang';
  const { people, keys } = gateway;
  for (const [change, code] of [
    [() => people.delete('short'), 'unauthenticated'],
    [() => people.set('short', keys.person('owner', { role: 'viewer' })), 'permission_denied'],
  ] as const) {
    people.set('short', keys.person('owner'));
    log.ended = Promise.withResolvers();
    const response = await fetch(gateway.url + path, { headers: { authorization: 'Bearer short' } });
    const text = response.text();
    change();
    const [, error] = eventsIn(await text);
    expect(error).toContain(`event: error\ndata: {"error":{"code":"${code}"`);
  }
});

test('messages are JSON', async () => {
  const id = newId('pkg');
  const response = await fetch(`${gateway.url}/v1/packages/${id}/watch`, { headers });
  const events = eventsIn(await response.text()).map(
    (event) => JSON.parse(event.slice('data: '.length)) as object,
  );
  expect(events).toEqual([
    expect.objectContaining({ id, state: 'QUEUED' }),
    expect.objectContaining({ id, state: 'READY' }),
  ]);
});

test('a reader who does not read holds the service back', async () => {
  let sent = 0;
  const line = 'x'.repeat(64 * 1024);
  log.lines = Array.from({ length: 2_000 }, () => line);
  log.lines = new Proxy(log.lines, {
    get(lines, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) sent = Number(key);
      return Reflect.get(lines, key) as unknown;
    },
  });
  const session = connect(gateway.url);
  try {
    const stream = session.request({ ':path': path, ...headers });
    await once(stream, 'response');
    // It has stopped when two looks find the same.
    let before = -1;
    for (let looks = 0; looks < 5; looks += before === sent ? 1 : 0) {
      before = sent;
      await (await fetch(`${gateway.url}/healthz`)).text();
    }
    expect(sent).toBeLessThan(1_000);
    stream.close(constants.NGHTTP2_CANCEL);
    await log.ended.promise;
  } finally {
    session.destroy();
  }
});
