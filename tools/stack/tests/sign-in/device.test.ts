import { afterAll, expect, test } from 'vitest';
import { startDoors } from './doors.ts';

const doors = await startDoors();
afterAll(() => doors[Symbol.asyncDispose]());

const grant = 'urn:ietf:params:oauth:grant-type:device_code';
type Asked = {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
};

async function aCode(terminal = doors.browser()) {
  const response = await terminal.json('/api/auth/device/code', { client_id: 'cnap-cli' });
  expect(response.status).toBe(200);
  const asked = (await response.json()) as Asked;
  /** Polls as if enough time had passed, unless told to be impatient. */
  const poll = async (patient = true) => {
    if (patient) await doors.sql(`update device_codes set last_polled_at = now() - interval '10 minutes'`);
    const answer = await terminal.json('/api/auth/device/token', {
      grant_type: grant,
      device_code: asked.device_code,
      client_id: 'cnap-cli',
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { ...asked, poll, terminal };
}

test('the whole way: code, sign-in, approval, token, session, sign-out', async () => {
  const { email, password } = await doors.aPerson('Ada');
  const device = await aCode();
  expect(device).toMatchObject({ expires_in: 900, interval: 5, verification_uri: `${doors.url}/device` });
  expect(device.user_code).toMatch(/^[A-Z2-9]{8}$/);
  expect(device.verification_uri_complete).toBe(`${doors.url}/device?user_code=${device.user_code}`);
  expect(await device.poll()).toMatchObject({ status: 400, body: { error: 'authorization_pending' } });

  const browser = doors.browser();
  const dashed = `${device.user_code.slice(0, 4)}-${device.user_code.slice(4)}`;
  const toSignIn = (await browser.get(`/device?user_code=${dashed}`)).headers.get('location') ?? '';
  const next = new URL(toSignIn, doors.url).searchParams.get('next') ?? '';
  expect(next).toBe(`/device?user_code=${dashed}`);
  const back = await browser.post('/sign-in', { email, password, next });
  expect(back.headers.get('location')).toBe(next);
  const page = await (await browser.get(next)).text();
  expect(page).toContain('The CNAP command line');
  expect(page).toContain(email);
  expect(page).toContain(dashed);
  expect(await device.poll()).toMatchObject({ body: { error: 'authorization_pending' } });
  const approved = await browser.post('/device', { user_code: device.user_code, decision: 'approve' });
  expect(await approved.text()).toContain('The device is connected');

  const { status, body } = await device.poll();
  expect(status).toBe(200);
  expect(body).toMatchObject({ token_type: 'Bearer', access_token: expect.stringMatching(/^\w{32}$/) });
  expect(body['expires_in']).toBeGreaterThan(364 * 86_400);
  expect(await device.poll()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });

  const token = String(body['access_token']);
  expect((await doors.client(token).users.getCurrentUser({})).user?.email).toBe(email);
  const authorization = { authorization: `Bearer ${token}` };
  const session = await fetch(`${doors.url}/api/auth/get-session`, { headers: authorization });
  expect(await session.json()).toMatchObject({
    session: { expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    user: { email },
  });
  const out = await fetch(`${doors.url}/api/auth/sign-out`, { method: 'POST', headers: authorization });
  expect(out.status).toBe(200);
  const gone = await fetch(`${doors.url}/api/auth/get-session`, { headers: authorization });
  expect([gone.status, await gone.json()]).toEqual([200, null]);
});

test('polling too fast costs five seconds more each time', async () => {
  const device = await aCode();
  const interval = async () =>
    (await doors.sql('select polling_interval from device_codes order by expires_at desc limit 1'))[0];
  expect(await device.poll()).toMatchObject({ body: { error: 'authorization_pending' } });
  expect(await device.poll(false)).toMatchObject({ status: 400, body: { error: 'slow_down' } });
  expect(await interval()).toEqual({ polling_interval: 10_000 });
  expect(await device.poll(false)).toMatchObject({ body: { error: 'slow_down' } });
  expect(await interval()).toEqual({ polling_interval: 15_000 });
  expect(await device.poll()).toMatchObject({ body: { error: 'authorization_pending' } });
});

test('denied, expired, unknown', async () => {
  const { browser } = await doors.aPerson('Bob');
  const denied = await aCode();
  await browser.get(`/device?user_code=${denied.user_code}`);
  const refusal = await browser.post('/device', { user_code: denied.user_code, decision: 'deny' });
  expect(await refusal.text()).toContain('The device is refused');
  expect(await denied.poll()).toMatchObject({ status: 400, body: { error: 'access_denied' } });

  const expired = await aCode();
  await doors.sql(`update device_codes set expires_at = now() - interval '1 second'`);
  expect((await browser.get(`/device?user_code=${expired.user_code}`)).status).toBe(404);
  expect(await expired.poll()).toMatchObject({ status: 400, body: { error: 'expired_token' } });

  expect((await browser.get('/device?user_code=AAAA-AAAA')).status).toBe(404);
  const other = await doors.browser().json('/api/auth/device/code', { client_id: 'somebody-else' });
  expect([other.status, await other.json()]).toMatchObject([400, { error: 'invalid_client' }]);
});

test('who sees the code first decides; others cannot', async () => {
  const [ada, eve] = [await doors.aPerson('Carol'), await doors.aPerson('Eve')];
  const device = await aCode();
  await ada.browser.get(`/device?user_code=${device.user_code}`);
  expect((await eve.browser.get(`/device?user_code=${device.user_code}`)).status).toBe(404);
  await eve.browser.post('/device', { user_code: device.user_code, decision: 'approve' });
  expect(await device.poll()).toMatchObject({ body: { error: 'authorization_pending' } });
});

test('codes are stored hashed', async () => {
  const { device_code: deviceCode, user_code: userCode } = await aCode();
  const rows = JSON.stringify(await doors.sql('select * from device_codes'));
  expect(rows).not.toContain(deviceCode);
  expect(rows).not.toContain(userCode);
});
