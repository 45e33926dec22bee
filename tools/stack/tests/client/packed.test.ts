// The published client against the whole platform: what the README shows, in Node and in a real Chromium.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPlatform, type Platform } from '../platform.ts';
import { aPage, chromium, startChromium } from '../sign-in/chromium.ts';
import { installPackedClient, type Installed } from './packed.ts';

const budget = 60_000;

let installed: Installed;
let platform: Platform;
let page: Awaited<ReturnType<typeof servePage>>;
beforeAll(async () => {
  installed = await installPackedClient();
  page = await servePage(await bundle('browser.ts'));
  platform = await startPlatform({ CNAP_CORS_ORIGINS: page.origin });
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await page[Symbol.asyncDispose]();
  await installed[Symbol.asyncDispose]();
});

const bundle = async (file: string): Promise<Uint8Array> => {
  const { outputFiles } = await build({
    entryPoints: [join(installed.folder, file)],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.contents ?? expect.fail(`${file} could not be bundled`);
};

const told = () => [
  `you are ${platform.sample.seller.email}`,
  expect.stringMatching(/ serves Kubernetes v?1\.\d+/),
];

test('its types and those of programs that use it are right', () => {
  expect(installed.typeErrors()).toBe('');
});

test.each(['node.ts', 'node-http2.ts'])('%s', async (example) => {
  const { token, workspace_id: workspace } = platform.sample.seller;
  const environment = { CNAP_URL: platform.url, CNAP_TOKEN: token, CNAP_WORKSPACE: workspace };
  const said = await installed.start(example, environment).ended;
  expect(said.trim().split('\n')).toEqual([...told(), 'refused: CLUSTER_NOT_FOUND']);
});

test('a page with one service is within 60 kB, compressed', async () => {
  const size = gzipSync(await bundle('one-service.ts')).length;
  expect(size).toBeGreaterThan(20_000);
  expect(size).toBeLessThanOrEqual(budget);
});

if (chromium === undefined) console.warn('skipped: no Chromium here; set CNAP_CHROMIUM, or install chromium');

describe.skipIf(chromium === undefined)('in Chromium, on a page of another origin', () => {
  let started: Awaited<ReturnType<typeof startChromium>>;
  beforeAll(async () => void (started = await startChromium()));
  afterAll(() => started[Symbol.asyncDispose]());

  const shownBy = async (origin: string, protocol: string) => {
    const { page: tab, complaints } = await aPage(started.browser);
    const requests: string[] = [];
    tab.on('request', (request) => {
      if (request.method() === 'POST') requests.push(request.headers()['content-type'] ?? '');
    });
    await tab.goto(origin);
    const { token, workspace_id: workspace } = platform.sample.seller;
    for (const [name, value] of Object.entries({ url: platform.url, token, workspace, protocol }))
      await tab.type(`[name=${name}]`, value);
    await tab.click('button');
    await tab.waitForFunction(() => /done|failed/.test(document.querySelector('ul')?.textContent ?? ''));
    const shown = await tab.$$eval('li', (items) => items.map((item) => item.textContent));
    return { shown, complaints, requests };
  };

  test.each([
    ['connect', /^application\/(connect\+)?proto$/],
    ['grpc-web', /^application\/grpc-web\+proto$/],
  ])('%s: a call, a stream, an error with its details', async (protocol, contentType) => {
    const { shown, complaints, requests } = await shownBy(page.origin, protocol);
    expect(shown).toEqual([...told(), 'refused: INVALID_FIELD name', 'done']);
    expect(complaints).toEqual([]);
    expect(requests.length).toBeGreaterThanOrEqual(4);
    expect(requests.filter((type) => !contentType.test(type))).toEqual([]);
  });

  test('a page of an origin that is not allowed gets nothing', async () => {
    await using other = await servePage(await bundle('browser.ts'));
    const { shown, complaints } = await shownBy(other.origin, 'connect');
    expect(shown).toEqual([expect.stringContaining('the platform cannot be reached')]);
    expect(complaints.join()).toContain('CORS');
  });
});

/** The form of the example, on a port and so an origin of its own. */
async function servePage(script: Uint8Array): Promise<AsyncDisposable & { origin: string }> {
  const html = `<!doctype html><html lang="en"><title>client</title><link rel="icon" href="data:,"><form>
    ${['url', 'token', 'workspace', 'protocol'].map((name) => `<input name="${name}" aria-label="${name}">`).join('')}
    <button>Show</button></form><ul></ul><script type="module" src="/page.js"></script></html>`;
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isScript ? script : html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the page has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
