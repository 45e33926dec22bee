import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, expect, test } from 'vitest';
import { startDoors } from './doors.ts';

const doors = await startDoors();
afterAll(() => doors[Symbol.asyncDispose]());

const rpc = '/cnap.identity.v1.UserService/UpdateCurrentUser';
const crossSite = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };

test('passwords are guessed ten times, from however many addresses, at once, at two gateways', async () => {
  const { email, password } = await doors.aPerson('Ada');
  const other = await doors.another();
  const guesses = await Promise.all(
    Array.from({ length: 14 }, (_, n) =>
      doors
        .browser(n % 2 === 0 ? other : undefined)
        .post('/sign-in', { email, password: `guess number ${n}` }),
    ),
  );
  const statuses = guesses.map(({ status }) => status).toSorted();
  expect(statuses).toEqual([...Array(10).fill(401), ...Array(4).fill(429)]);
  const late = await doors.browser().post('/sign-in', { email: email.toUpperCase(), password });
  expect(late.status).toBe(429);
  expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(60);
  expect(await late.text()).toContain('There were too many attempts.');
  const api = await doors.browser().json('/api/auth/sign-in/email', { email, password });
  expect([api.status, await api.json()]).toMatchObject([429, { error: { code: 'resource_exhausted' } }]);
  // Somebody else is not concerned, and neither is a link by mail.
  expect((await doors.browser().post('/sign-in/magic-link', { email })).status).toBe(200);
});

test('what was guessed before the right password counts no more', async () => {
  const { email, password, browser } = await doors.aPerson('Bob');
  for (const _ of Array(3)) {
    for (const __ of Array(4)) await browser.post('/sign-in', { email, password: 'a wrong password' });
    expect((await browser.post('/sign-in', { email, password })).status).toBe(303);
  }
});

test('one address guesses at codes, or asks for many mails: not for long', async () => {
  const guesser = doors.browser();
  const statuses = new Set<number>();
  for (let n = 0; n < 61; n += 1) {
    const body = { token: `guess-${n}`, newPassword: 'a long enough password' };
    statuses.add((await guesser.json('/api/auth/reset-password', body)).status);
  }
  expect([...statuses]).toEqual([400, 429]);
  const mailed = [];
  for (let n = 0; n < 6; n += 1) {
    mailed.push((await doors.browser().post('/forgot-password', { email: 'nobody@example.test' })).status);
  }
  expect(mailed).toEqual([200, 200, 200, 200, 200, 429]);
});

test('neither addresses nor accounts stand in the table of limits', async () => {
  const rows = JSON.stringify(
    await doors.sql('select encode(key, $1) as key, uses from rate_limits', ['escape']),
  );
  expect(rows).not.toMatch(/example|203\.0/);
});

test('wrong tokens are answered 401 a while, then 429; right ones from there still work', async () => {
  const { browser } = await doors.aPerson('Carol');
  const from = { 'x-forwarded-for': '198.51.100.99' };
  const call = async (token: string) =>
    fetch(`${doors.url}/cnap.identity.v1.UserService/GetCurrentUser`, {
      method: 'POST',
      body: '{}',
      headers: { ...from, 'content-type': 'application/json', authorization: `Bearer ${token}` },
    });
  await doors.sql('delete from rate_limits');
  expect((await call('x'.repeat(32))).status).toBe(401);
  await doors.sql('update rate_limits set uses = 1200');
  const late = await call('y'.repeat(32));
  expect(late.status).toBe(429);
  expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
  const rest = await fetch(`${doors.url}/v1/user`, {
    headers: { ...from, authorization: `Bearer ${'z'.repeat(32)}` },
  });
  expect(rest.status).toBe(429);
  expect(Number(rest.headers.get('retry-after'))).toBeGreaterThan(1);
  expect(await rest.json()).toMatchObject({
    error: { code: 'resource_exhausted', details: { reason: 'RATE_LIMITED' } },
  });
  expect((await call(browser.token)).status).toBe(200);
});

test('a browser’s cookie is worth something from our own pages only', async () => {
  const { browser, email } = await doors.aPerson('Dora');
  const rename = (headers: Record<string, string>) => browser.json(rpc, { name: 'Renamed' }, headers);
  expect((await rename({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  expect((await rename({})).status).toBe(200); // an older browser says its origin
  for (const headers of [
    crossSite,
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ]) {
    const refused = await rename(headers);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('CROSS_SITE_REQUEST');
  }
  const forms: [string, Record<string, string>][] = [
    ['/sign-out', {}],
    ['/account/sessions', { id: 'others' }],
    ['/device', { user_code: 'AAAAAAAA', decision: 'approve' }],
    ['/sign-in', { email, password: 'x' }],
    ['/api/auth/sign-out', {}],
  ];
  for (const [path, form] of forms)
    expect((await browser.post(path, form, crossSite)).status, path).toBe(403);
  // Nobody is signed in as somebody else by a form of another site, also without a cookie.
  expect((await doors.browser().post('/sign-in', { email, password: 'x' }, crossSite)).status).toBe(403);
  const rest = await browser.json('/v1/workspaces', { name: 'x' }, crossSite);
  expect(rest.status).toBe(403);
  expect((await browser.get('/account')).status).toBe(200);
});

test('nobody is sent to another site', async () => {
  const { browser, email, password } = await doors.aPerson('Eve');
  for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '/.//evil.example']) {
    const signedIn = await browser.post('/sign-in', { email, password, next });
    expect(signedIn.headers.get('location')).toBe('/account');
    const already = await browser.get(`/sign-in?${new URLSearchParams({ next })}`);
    expect(already.headers.get('location')).toBe('/account');
  }
  const away = { email, callbackURL: 'https://evil.example/x' };
  expect((await doors.browser().json('/api/auth/sign-in/magic-link', away)).status).toBe(403);
});

test('identity serves the gateway alone', async () => {
  for (const path of ['/api/auth/get-session', '/sign-in']) {
    for (const headers of [{}, { 'x-cnap-gateway-token': 'made up' }]) {
      expect(
        (await fetch(doors.identityUrl + path, { headers: headers as Record<string, string> })).status,
      ).toBe(403);
    }
  }
});

test('pages and API have their headers, and nothing says more than it must', async () => {
  const page = await doors.browser().get('/sign-in');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.headers.get('x-frame-options')).toBe('DENY');
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect((await doors.browser().get('/account/nothing')).status).toBe(404);
  expect(
    (await doors.browser().send('/sign-in', { method: 'DELETE', headers: { origin: doors.url } })).status,
  ).toBe(405);
  const large = await doors.browser().post('/sign-in', { email: 'x'.repeat(100_000) });
  expect(large.status).toBe(413);
  const broken = await doors.browser().send('/api/auth/sign-in/email', {
    method: 'POST',
    body: '{"email":',
    headers: { 'content-type': 'application/json' },
  });
  expect(broken.status).toBe(400);
  expect(await broken.text()).not.toMatch(/at .*\.(ts|mjs)/);
});

test('without e-mail, what needs one says so, whoever asks', async () => {
  await using silent = await startDoors({}, false);
  for (const path of ['/sign-up', '/sign-in/magic-link', '/forgot-password']) {
    const form = { name: 'X', email: 'somebody@example.test', password: 'a long enough password' };
    const answer = await silent.browser().post(path, form);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('This platform sends no e-mail.');
  }
});

test('over HTTP/2 it is the same', async () => {
  const { email, password } = await doors.aPerson('Frank');
  const session = connect(doors.url);
  const ask = async (headers: Record<string, string>, body?: string) => {
    const stream = session.request(headers, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    const [answered] = (await once(stream, 'response')) as [Record<string, string | string[]>];
    for await (const _ of stream);
    return answered;
  };
  expect((await ask({ ':path': '/sign-in' }))[':status']).toBe(200);
  const form = new URLSearchParams({ email, password }).toString();
  const post = {
    ':method': 'POST',
    ':path': '/sign-in',
    'content-type': 'application/x-www-form-urlencoded',
  };
  expect((await ask({ ...post, origin: 'https://evil.example' }, form))[':status']).toBe(403);
  const signedIn = await ask({ ...post, origin: doors.url }, form);
  expect(signedIn).toMatchObject({ ':status': 303, location: '/account' });
  const cookie = String(signedIn['set-cookie']).split(';', 1)[0] ?? '';
  expect((await ask({ ':path': '/account', cookie }))[':status']).toBe(200);
  session.close();
});
