// The client's device flow against the real identity service.
import { DeviceSignInError, signOut, startDeviceSignIn, type DeviceSignInOptions } from '@cnap/client';
import { eventually } from '@cnap/testing';
import { afterAll, expect, test } from 'vitest';
import { startDoors } from '../sign-in/doors.ts';
import { installPackedClient } from './packed.ts';

const doors = await startDoors();
afterAll(() => doors[Symbol.asyncDispose]());

/** Waits no time: identity believes that it passed. What is not patient does not wait enough. */
function aClock(impatientAt: number[] = []) {
  const waits: number[] = [];
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
    if (!impatientAt.includes(waits.length)) await doors.sql(`update device_codes set last_polled_at = null`);
  };
  return { waits, wait };
}

const decide = async (person: Awaited<ReturnType<typeof doors.aPerson>>, code: string, decision: string) => {
  await person.browser.get(`/device?user_code=${code}`);
  await person.browser.post('/device', { user_code: code, decision });
};

const begin = (options: Partial<DeviceSignInOptions> = {}) =>
  startDeviceSignIn({ baseUrl: `${doors.url}/`, ...options });

test('a code is shown, the person approves, and the token works until it is signed out', async () => {
  const person = await doors.aPerson('Ada');
  const { waits, wait } = aClock([2]);
  const signIn = await begin({
    wait: async (ms) => {
      await wait(ms);
      if (waits.length === 4) await decide(person, signIn.userCode, 'approve');
    },
  });
  expect(signIn).toMatchObject({
    verificationUri: `${doors.url}/device`,
    userCode: expect.stringMatching(/^[A-Z2-9]{4}-[A-Z2-9]{4}$/),
  });
  expect(signIn.verificationUriComplete).toBe(
    `${doors.url}/device?user_code=${signIn.userCode.replace('-', '')}`,
  );
  const { token, expiresAt } = await signIn.signedIn();
  expect(waits).toEqual([5_000, 5_000, 10_000, 10_000]); // the second question came too soon
  expect(expiresAt.getTime()).toBeGreaterThan(Date.now() + 364 * 86_400_000);
  expect((await doors.client(token).users.getCurrentUser({})).user?.email).toBe(person.email);
  await signOut({ baseUrl: doors.url }, token);
  await eventually(() =>
    expect(doors.client(token).users.getCurrentUser({})).rejects.toThrow('unauthenticated'),
  );
});

test('refused, expired, or not known here', async () => {
  const person = await doors.aPerson('Bob');
  const refused = await begin(aClock());
  await decide(person, refused.userCode, 'deny');
  await expect(refused.signedIn()).rejects.toMatchObject({ reason: 'access_denied' });

  const expired = await begin(aClock());
  await doors.sql(`update device_codes set expires_at = now() - interval '1 second'`);
  const error = await expired.signedIn().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DeviceSignInError);
  expect(error).toMatchObject({ reason: 'expired_token' });

  await expect(begin({ clientId: 'somebody-else' })).rejects.toMatchObject({ reason: 'invalid_client' });
});

test('a question that gets lost is asked again, later; the wait can be ended', async () => {
  const person = await doors.aPerson('Carol');
  const { waits, wait } = aClock();
  let calls = 0;
  const signIn = await begin({
    wait,
    fetch: async (input, init) => {
      calls += 1;
      if (calls === 2) throw new TypeError('fetch failed');
      if (calls === 3) return new Response('bad gateway', { status: 502 });
      if (calls === 4) await decide(person, signIn.userCode, 'approve');
      return fetch(input, init);
    },
  });
  expect((await signIn.signedIn()).token).toMatch(/^\w{32}$/);
  expect(waits).toEqual([5_000, 10_000, 20_000]);

  const controller = new AbortController();
  const left = (await begin()).signedIn(controller.signal);
  controller.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
});

test('the example of the README', async () => {
  await using installed = await installPackedClient();
  const person = await doors.aPerson('Dora');
  const running = installed.start('device.ts', { CNAP_URL: doors.url });
  const code = await eventually(() => {
    const [, shown] = /enter (\S+)/.exec(running.said()) ?? [];
    return Promise.resolve(shown ?? expect.fail('no code is shown yet'));
  });
  await decide(person, code, 'approve');
  expect(await running.ended).toContain(`you are ${person.email}`);
});
