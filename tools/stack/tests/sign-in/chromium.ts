import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, type Browser, type Page } from 'puppeteer-core';

const places = [
  process.env['CNAP_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Where a Chromium is; undefined where there is none. */
export const chromium = places.find((place) => place !== undefined && existsSync(place));

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function startChromium(): Promise<AsyncDisposable & { browser: Browser }> {
  await using parts = new AsyncDisposableStack();
  const userDataDir = await mkdtemp(join(tmpdir(), 'cnap-chromium-'));
  parts.defer(() => rm(userDataDir, { recursive: true, force: true, maxRetries: 5 }));
  const browser = await launch({
    executablePath: chromium ?? '',
    headless: true,
    args: flags,
    userDataDir,
    timeout: 60_000,
  });
  parts.defer(() => browser.close());
  const owned = parts.move();
  return { browser, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A page of its own cookies; `complaints` has what the browser says against it: CSP, scripts, failed loads. */
export async function aPage(
  browser: Browser,
  options: { scripts?: boolean } = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.setJavaScriptEnabled(options.scripts !== false);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A form that is refused says so by its status, which the console repeats.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      complaints.push(message.text());
  });
  return { page, complaints };
}

/** Presses a button or link by its words, with the keyboard, and waits for the page it leads to. */
export async function press(page: Page, words: string): Promise<void> {
  const found = await page.$(`::-p-xpath(//*[self::button or self::a][normalize-space(.)="${words}"])`);
  if (!found) throw new Error(`there is no "${words}" on ${page.url()}`);
  await found.focus();
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}
