import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDoors, type Browser, type Doors } from './doors.ts';
import { startProvider, type Provider } from './provider.ts';

let doors: Doors;
let provider: Provider;
beforeAll(async () => {
  provider = await startProvider({ sub: '1', email: 'Ada@Example.test', email_verified: true, name: 'Ada' });
  doors = await startDoors({
    CNAP_OIDC_ISSUER: provider.issuer,
    CNAP_OIDC_CLIENT_ID: 'cnap',
    CNAP_OIDC_CLIENT_SECRET: 'the secret of the client',
    CNAP_OIDC_NAME: 'Example & Sons',
  });
});
afterAll(async () => {
  await doors[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

/** Presses the provider's button and goes where the pages lead, as a browser does. */
async function goRound(browser: Browser, next = '/device'): Promise<Response> {
  const page = await (await browser.post('/sign-in/provider', { provider: 'oidc', next })).text();
  const toProvider = /content="0; url=([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';
  expect(toProvider.startsWith(`${provider.issuer}/authorize?`)).toBe(true);
  const back = await fetch(toProvider, { redirect: 'manual' });
  const location = back.headers.get('location') ?? '';
  expect(location.startsWith(`${doors.url}/api/auth/callback/oidc?`)).toBe(true);
  return browser.send(location, { headers: { 'sec-fetch-site': 'cross-site' } });
}

test('a provider of OpenID Connect, by configuration: a new account, and the same one again', async () => {
  const browser = doors.browser();
  expect(await (await browser.get('/sign-in')).text()).toContain('Go on with Example &amp; Sons');
  const back = await goRound(browser);
  expect([back.status, new URL(back.headers.get('location') ?? '', doors.url).pathname]).toEqual([
    302,
    '/device',
  ]);
  const { user } = await doors.client(browser.token).users.getCurrentUser({});
  expect(user).toMatchObject({ email: 'ada@example.test', name: 'Ada', emailVerified: true });
  expect(provider.asked[0]?.get('code_challenge_method')).toBe('S256');
  const second = doors.browser();
  await goRound(second);
  expect((await doors.client(second.token).users.getCurrentUser({})).user?.id).toBe(user?.id);
  const { workspaces } = await doors.client(second.token).workspaces.listWorkspaces({});
  expect(workspaces).toHaveLength(1);
});

test('an address that the provider has not verified opens nobody’s account', async () => {
  const { email } = await doors.aPerson('Bob');
  provider.who = { sub: '2', email, email_verified: false, name: 'Not Bob' };
  const browser = doors.browser();
  const back = await goRound(browser);
  expect(back.headers.get('location')).toContain('/sign-in');
  expect(browser.token).toBe('');
});

test('an answer that another browser asked for is worth nothing', async () => {
  provider.who = { sub: '3', email: 'eve@example.test', email_verified: true, name: 'Eve' };
  const page = await (await doors.browser().post('/sign-in/provider', { provider: 'oidc' })).text();
  const toProvider = /content="0; url=([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const location = (await fetch(toProvider, { redirect: 'manual' })).headers.get('location') ?? '';
  const victim = doors.browser();
  await victim.send(location);
  expect(victim.token).toBe('');
});
