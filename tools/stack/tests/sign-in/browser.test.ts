// What people see, in a real Chromium.
import { eventually } from '@cnap/testing';
import type { CDPSession, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aPage, chromium, press, startChromium } from './chromium.ts';
import { startDoors, type Doors } from './doors.ts';

if (chromium === undefined) console.warn('skipped: no Chromium here; set CNAP_CHROMIUM, or install chromium');

const grant = 'urn:ietf:params:oauth:grant-type:device_code';
const titleOf = (page: Page) => page.$eval('h1', (heading) => heading.textContent);

describe.skipIf(chromium === undefined)('in Chromium', () => {
  let doors: Doors;
  let started: Awaited<ReturnType<typeof startChromium>>;
  beforeAll(async () => {
    [doors, started] = [await startDoors(), await startChromium()];
  });
  afterAll(async () => {
    await started[Symbol.asyncDispose]();
    await doors[Symbol.asyncDispose]();
  });

  const aDevice = async () => {
    const terminal = doors.browser();
    const asked = (await (
      await terminal.json('/api/auth/device/code', { client_id: 'cnap-cli' })
    ).json()) as {
      device_code: string;
      user_code: string;
    };
    const poll = async () => {
      await doors.sql(`update device_codes set last_polled_at = null`);
      const body = { grant_type: grant, device_code: asked.device_code, client_id: 'cnap-cli' };
      return (await (await terminal.json('/api/auth/device/token', body)).json()) as {
        access_token?: string;
      };
    };
    return { code: asked.user_code, poll };
  };

  test.each([
    ['with scripts', true],
    ['without', false],
  ])('sign-up, sign-in, a device approved, sign-out: %s', async (name, scripts) => {
    const { page, complaints } = await aPage(started.browser, { scripts });
    const email = `${scripts ? 'with' : 'without'}@example.test`;
    const { code, poll } = await aDevice();
    await page.goto(`${doors.url}/device?user_code=${code}`);
    expect(await titleOf(page)).toBe('Sign in');
    await press(page, 'Create an account');
    await page.type('#name', `Somebody ${name}`);
    await page.type('#email', email);
    await page.type('#password', 'a long enough password');
    await press(page, 'Create the account');
    expect(await titleOf(page)).toBe('Confirm your address');
    await page.goto(doors.linkTo(email, 'verify-email'));
    await press(page, 'Yes, confirm it');
    expect(await titleOf(page)).toBe('Connect a device');
    expect(await page.$eval('.code', (shown) => shown.textContent)).toBe(
      `${code.slice(0, 4)}-${code.slice(4)}`,
    );
    await press(page, 'Approve');
    expect(await titleOf(page)).toBe('The device is connected');
    const { access_token: token } = await poll();
    expect((await doors.client(token).users.getCurrentUser({})).user?.email).toBe(email);

    await press(page, 'Your account');
    expect(await page.$$eval('ul.rows li', (rows) => rows.length)).toBe(2);
    await press(page, 'Sign out');
    await page.type('#email', email);
    await page.type('#password', 'not the right password');
    await press(page, 'Sign in');
    expect(await page.$eval('[role=alert]', (alert) => alert.textContent)).toContain('is wrong');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('alert');
    await page.type('#password', 'a long enough password');
    await press(page, 'Sign in');
    expect(await titleOf(page)).toBe('Your account');
    expect(complaints).toEqual([]);
  });

  test('a passkey is added, and signs in', async () => {
    const { page, complaints } = await aPage(started.browser);
    const { email, password } = await doors.aPerson('Passkey');
    const session: CDPSession = await page.createCDPSession();
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.goto(`${doors.url}/sign-in`);
    await page.type('#email', email);
    await page.type('#password', password);
    await press(page, 'Sign in');
    await press(page, 'Add a passkey');
    expect(await page.content()).toContain('Passkey of ');
    await press(page, 'Sign out');
    await press(page, 'Use a passkey');
    expect(await titleOf(page)).toBe('Your account');
    await press(page, 'Remove');
    expect(await page.content()).not.toContain('Passkey of ');
    expect(complaints).toEqual([]);
    const entries = await eventually(async () => {
      const found = await doors.sql(
        `select action, credential_id, resource_id from audit_entries
         where actor_email = $1 and resource_type = 'passkey' order by occurred_at`,
        [email],
      );
      expect(found).toHaveLength(2);
      return found;
    });
    const [added, removed] = entries;
    expect(added).toMatchObject({ action: 'identity.v1.passkey.added', resource_id: expect.any(String) });
    expect(removed).toMatchObject({
      action: 'identity.v1.passkey.removed',
      resource_id: added?.['resource_id'],
      credential_id: expect.stringMatching(/^ses_/),
    });
    expect(removed?.['credential_id']).not.toBe(added?.['credential_id']);
  });

  test('every field has a label, and the policy forbids what stands in the page', async () => {
    const { page } = await aPage(started.browser);
    for (const path of [
      '/sign-in',
      '/sign-up',
      '/forgot-password',
      '/sign-in/magic-link',
      '/reset-password',
    ]) {
      const response = await page.goto(doors.url + path);
      expect(response?.headers()['content-security-policy']).not.toMatch(/unsafe|\*/);
      expect(await page.$eval('html', ({ lang }) => lang)).toBe('en');
      const unlabelled = await page.$$eval(
        'input:not([type=hidden])',
        (inputs) => inputs.filter((input) => (input as HTMLInputElement).labels?.length !== 1).length,
      );
      expect(unlabelled).toBe(0);
      expect(await page.$$eval('[style], style, script:not([src])', (found) => found.length)).toBe(0);
    }
  });
});
