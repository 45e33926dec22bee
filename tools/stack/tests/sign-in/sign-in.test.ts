import { Code, ConnectError } from '@connectrpc/connect';
import { eventually } from '@cnap/testing';
import { afterAll, expect, test } from 'vitest';
import { startDoors } from './doors.ts';

const doors = await startDoors();
afterAll(() => doors[Symbol.asyncDispose]());

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => ConnectError.from(error).code,
  );

test('signing up, confirming, calling the API with what the browser has', async () => {
  const browser = doors.browser();
  const form = {
    name: 'Ada <b>',
    email: 'Ada@Example.test',
    password: 'a long enough password',
    next: '/device',
  };
  const asked = await browser.post('/sign-up', form);
  expect(asked.status).toBe(200);
  expect(await asked.text()).toContain('Confirm your address');
  expect(browser.cookies.size).toBe(0);
  const confirmed = await browser.confirm(doors.linkTo('ada@example.test', 'verify-email'));
  expect([confirmed.status, confirmed.headers.get('location')]).toEqual([303, '/device']);
  expect(browser.token).toMatch(/^[A-Za-z0-9]{32}$/);

  const client = doors.client(browser.token);
  const { user } = await client.users.getCurrentUser({});
  expect(user).toMatchObject({ email: 'ada@example.test', name: 'Ada <b>', emailVerified: true });
  expect(user?.id).toMatch(/^usr_/);
  const { workspaces } = await client.workspaces.listWorkspaces({});
  expect(workspaces.map(({ name }) => name)).toEqual(['Ada <b>']);
  const facts = await doors.sql(`select subject from outbox where subject like '%workspace.created%'`);
  expect(facts.length).toBeGreaterThan(0);
  expect(await (await browser.get('/account')).text()).toContain('Ada &lt;b&gt;');
});

test('a password: wrong, unconfirmed, right; a new token each time', async () => {
  const { email, password, browser } = await doors.aPerson('Bob');
  const [first] = [browser.token];
  const wrong = await doors.browser().post('/sign-in', { email, password: 'not the password' });
  expect(wrong.status).toBe(401);
  expect(await wrong.text()).toContain('The e-mail address or the password is wrong.');
  // A session that somebody has planted is not the one that the sign-in gives.
  const again = await browser.post('/sign-in', { email, password });
  expect([again.status, again.headers.get('location')]).toEqual([303, '/account']);
  expect(browser.token).not.toBe(first);
  const cookie = again.headers.getSetCookie().find((line) => line.startsWith('cnap.session_token='));
  expect(cookie).toMatch(/HttpOnly/i);
  expect(cookie).toMatch(/SameSite=Lax/i);
  expect(cookie).toMatch(/Max-Age=31536000/i);

  const carol = doors.browser();
  await carol.post('/sign-up', { name: 'Carol', email: 'carol@example.test', password: 'password of carol' });
  const early = await carol.post('/sign-in', { email: 'carol@example.test', password: 'password of carol' });
  expect(early.status).toBe(403);
  expect(await early.text()).toContain('Confirm your address first');
  expect(carol.token).toBe('');
});

test('nobody learns which addresses are known', async () => {
  const { email } = await doors.aPerson('Known');
  const visitor = doors.browser();
  const text = async (path: string, form: Record<string, string>, address: string) => {
    const response = await visitor.post(path, { ...form, email: address });
    return `${response.status} ${(await response.text()).replaceAll(address, 'ADDRESS')}`;
  };
  for (const [path, form] of [
    ['/sign-in', { password: 'some password' }],
    ['/sign-in/magic-link', {}],
    ['/forgot-password', {}],
    ['/sign-up', { name: 'X', password: 'some password' }],
  ] as const) {
    expect(await text(path, form, email)).toBe(await text(path, form, 'nobody@example.test'));
  }
  const api = async (address: string) => {
    const body = { name: 'X', email: address, password: 'some password' };
    const { user, ...rest } = (await (await visitor.json('/api/auth/sign-up/email', body)).json()) as {
      user: Record<string, unknown>;
    };
    return { ...rest, members: Object.keys(user).toSorted(), verified: user['emailVerified'] };
  };
  expect(await api(email)).toEqual(await api('nobody-else@example.test'));
});

test('a magic link works once, after a press of the button, and makes an account', async () => {
  const browser = doors.browser();
  const sent = await browser.post('/sign-in/magic-link', { email: 'dora@example.test', next: '/device' });
  expect(await sent.text()).toContain('Look into your mail');
  const link = doors.linkTo('dora@example.test', 'magic-link');
  const token = new URL(link).searchParams.get('token') ?? '';
  // A program that looks at mail opens the link.
  expect((await doors.browser().get(link)).status).toBe(200);
  const signedIn = await browser.confirm(link);
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/device']);
  const { user } = await doors.client(browser.token).users.getCurrentUser({});
  expect(user).toMatchObject({ email: 'dora@example.test', name: 'dora', emailVerified: true });
  const second = doors.browser();
  expect((await second.confirm(link)).status).toBe(400);
  expect(second.token).toBe('');
  const stored = await doors.sql('select * from verifications');
  expect(JSON.stringify(stored)).not.toContain(token);
});

test('a forgotten password: the link works once and ends every session', async () => {
  const { email, password, browser } = await doors.aPerson('Eve');
  const old = browser.token;
  expect(await codeOf(doors.client(old).users.getCurrentUser({}))).toBeUndefined();
  const visitor = doors.browser();
  await visitor.post('/forgot-password', { email });
  const token = new URL(doors.linkTo(email, 'reset-password')).searchParams.get('token') ?? '';
  expect(JSON.stringify(await doors.sql('select * from verifications'))).not.toContain(token);
  const short = await visitor.post('/reset-password', { token, password: 'short' });
  expect(short.status).toBe(400);
  expect(await short.text()).toContain('aria-invalid="true"');
  expect((await visitor.post('/reset-password', { token, password: 'another password' })).status).toBe(200);
  expect((await visitor.post('/reset-password', { token, password: 'a third password' })).status).toBe(400);
  await eventually(async () =>
    expect(await codeOf(doors.client(old).users.getCurrentUser({}))).toBe(Code.Unauthenticated),
  );
  expect((await visitor.post('/sign-in', { email, password })).status).toBe(401);
  expect((await visitor.post('/sign-in', { email, password: 'another password' })).status).toBe(303);
});

test('a session that is ended is refused by the gateway, which had it in mind', async () => {
  const { email, password, browser } = await doors.aPerson('Frank');
  const other = doors.browser();
  await other.post('/sign-in', { email, password });
  const client = doors.client(other.token);
  expect((await client.users.getCurrentUser({})).user?.email).toBe(email);
  const page = await (await browser.get('/account')).text();
  expect(page).toContain('this one');
  expect(page).not.toContain(other.token);
  const endedAt = performance.now();
  expect((await browser.post('/account/sessions', { id: 'others' })).status).toBe(303);
  await eventually(async () =>
    expect(await codeOf(client.users.getCurrentUser({}))).toBe(Code.Unauthenticated),
  );
  expect(performance.now() - endedAt).toBeLessThan(5_000);
  expect((await other.get('/account')).headers.get('location')).toContain('/sign-in');

  const mine = doors.client(browser.token);
  expect((await mine.users.getCurrentUser({})).user?.email).toBe(email);
  expect((await browser.post('/sign-out', {})).headers.get('location')).toBe('/sign-in');
  expect(browser.cookies.size).toBe(0);
  await eventually(async () =>
    expect(await codeOf(mine.users.getCurrentUser({}))).toBe(Code.Unauthenticated),
  );
});

test('nobody ends the sessions of others', async () => {
  const [grace, heidi] = [await doors.aPerson('Grace'), await doors.aPerson('Heidi')];
  const [row] = await doors.sql('select id from sessions where token = $1', [grace.browser.token]);
  await heidi.browser.post('/account/sessions', { id: String(row?.['id']) });
  await heidi.browser.json('/api/auth/revoke-session', { token: grace.browser.token });
  expect(await doors.sql('select id from sessions where token = $1', [grace.browser.token])).toHaveLength(1);
});

test('an operator is who has proved the address', async () => {
  const operator = doors.browser();
  await operator.post('/sign-up', {
    name: 'O',
    email: 'operator@example.test',
    password: 'the operator password',
  });
  expect(
    await doors.sql(`select 1 from sessions join users on users.id = user_id where email like 'operator%'`),
  ).toEqual([]);
});

test('a session is used for a year from its last use', async () => {
  const { browser } = await doors.aPerson('Ivan');
  const half = `update sessions set expires_at = now() + interval '100 days' where token = $1`;
  await doors.sql(half, [browser.token]);
  await doors.client(browser.token).users.getCurrentUser({});
  const [row] = await doors.sql(
    `select extract(day from expires_at - now())::int as days from sessions where token = $1`,
    [browser.token],
  );
  expect(row?.['days']).toBeGreaterThanOrEqual(364);
  await doors.sql(`update sessions set expires_at = now() - interval '1 second' where token = $1`, [
    browser.token,
  ]);
  expect((await browser.get('/account')).status).toBe(303);
});

test('a JWT of a session is good for as long as the session, and no other is', async () => {
  const { browser, email } = await doors.aPerson('Judy');
  const { token } = (await (await browser.get('/api/auth/token')).json()) as { token: string };
  expect(token).toMatch(/^eyJ/);
  expect((await doors.client(token).users.getCurrentUser({})).user?.email).toBe(email);
  const [head, body = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  expect(claims).toMatchObject({ iss: doors.url, aud: doors.url, email });
  const forge = (change: object) =>
    `${head}.${Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url')}.${signature}`;
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
  for (const other of [forge({ sub: 'usr_x' }), forge({ exp: 9_999_999_999 }), unsigned, 'eyJx.eyJy.zzzz']) {
    expect(await codeOf(doors.client(other).users.getCurrentUser({}))).toBe(Code.Unauthenticated);
  }
  await browser.post('/sign-out', {});
  await eventually(async () =>
    expect(await codeOf(doors.client(token).users.getCurrentUser({}))).toBe(Code.Unauthenticated),
  );
});

test('behind https, the cookie travels over https only', async () => {
  await using secure = await startDoors({ CNAP_PUBLIC_URL: 'https://cnap.example' });
  const browser = secure.browser(await secure.another());
  const form = { name: 'Kim', email: 'kim@example.test', password: 'a long enough password' };
  await browser.post('/sign-up', form);
  const link = secure.linkTo(form.email, 'verify-email');
  expect(link).toMatch(/^https:\/\/cnap\.example\/verify-email\?token=/);
  const confirmed = await browser.confirm(link);
  const [cookie = ''] = confirmed.headers.getSetCookie();
  expect(cookie).toMatch(/^__Secure-cnap\.session_token=/);
  for (const attribute of ['Secure', 'HttpOnly', 'SameSite=Lax']) {
    expect(cookie.toLowerCase()).toContain(attribute.toLowerCase());
  }
  const who = await browser.json(
    '/cnap.identity.v1.UserService/GetCurrentUser',
    {},
    { 'sec-fetch-site': 'same-origin' },
  );
  expect(await who.json()).toMatchObject({ user: { email: form.email } });
});
