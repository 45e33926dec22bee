// The reference of the REST API as a person meets it: in a real Chromium, under its policy.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aPage, chromium, startChromium } from './sign-in/chromium.ts';
import { startDoors, type Doors } from './sign-in/doors.ts';

if (chromium === undefined) console.warn('skipped: no Chromium here; set CNAP_CHROMIUM, or install chromium');

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

  test('/docs lists the operations, and one can be tried', async () => {
    const { page, complaints } = await aPage(started.browser);
    await page.setViewport({ width: 1200, height: 1600 });
    await page.goto(`${doors.url}/docs`);
    await page.waitForSelector('.opblock-tag');
    expect((await page.$$('.opblock-tag')).length).toBeGreaterThan(10);
    await page.click('#operations-tag-Listings');
    const operation = await page.waitForSelector('#operations-Listings-listListings');
    await operation?.$('.opblock-summary-control').then((button) => button?.click());
    await (await page.waitForSelector('.execute'))?.click();
    const status = await page.waitForSelector('.live-responses-table tbody .response-col_status');
    // Nobody serves the catalog here: what counts is that the page's call arrives and is answered.
    expect(await status?.evaluate((cell) => cell.textContent)).toMatch(/^5\d\d|^200/);
    const picture = process.env['CNAP_TEST_PICTURES'];
    if (picture !== undefined) await page.screenshot({ path: `${picture}/docs.png` as `${string}.png` });
    expect(complaints.filter((text) => !text.includes('status of 503'))).toEqual([]);
  });

  test('/docs/grpc is whole without scripts', async () => {
    const { page, complaints } = await aPage(started.browser, { scripts: false });
    await page.goto(`${doors.url}/docs/grpc`);
    const text = await page.$eval('main', (main) => main.textContent);
    expect(text).toContain('RegionService');
    expect(text).toContain('REGION_NOT_FOUND');
    const picture = process.env['CNAP_TEST_PICTURES'];
    if (picture !== undefined) await page.screenshot({ path: `${picture}/grpc.png` as `${string}.png` });
    expect(complaints).toEqual([]);
  });
});
