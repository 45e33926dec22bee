// Repositories that are not what they should be: a clear end, naming the source and why.
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { packChart } from '@cnap/helm';
import { Header } from 'tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFetcher } from '../src/fetch/fetch.ts';
import { startRepository } from './repository.ts';
import { PackageState, sourceOf, startTestCatalog, type TestCatalog } from './test-catalog.ts';

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
});
afterAll(() => catalog[Symbol.asyncDispose]());

const failure = async (
  repoUrl: string,
  source: { chart: string; version?: string; values?: object } = { chart: 'shop' },
) => {
  const { packageId } = await catalog
    .as('owner')
    .templates.createTemplate({ name: 'Shop', sources: [sourceOf(repoUrl, source)] });
  const built = await catalog.built(packageId);
  expect(built.state).toBe(PackageState.FAILED);
  expect([built.version, built.digest]).toEqual(['', '']);
  const left = await catalog.database.db.acrossWorkspaces((tx) =>
    tx.selectFrom('package_archive').select('part_key').where('package_id', '=', packageId).execute(),
  );
  expect(left).toEqual([]);
  return built.stateMessage;
};

test.each([
  ['answers 404', undefined, 'status 404'],
  ['answers with a web page', '<!doctype html><html></html>', 'web page'],
  ['answers with nothing', '', 'is empty'],
  ['answers with no YAML', 'entries: [', 'not valid YAML'],
  ['answers with something else', 'hello: world', 'no entries'],
  ['has other charts', 'entries: {}', 'has no chart shop'],
])('an index that %s', async (_what, index, why) => {
  await using repository = await startRepository(index === undefined ? {} : { '/index.yaml': index });
  const message = await failure(repository.url);
  expect(message).toMatch(/^source shop: /);
  expect(message).toContain(why);
});

test('a version that is not there', async () => {
  await using repository = await startRepository();
  repository.publish('shop', '1.0.0');
  expect(await failure(repository.url, { chart: 'shop', version: '^2' })).toContain('the newest are 1.0.0');
});

/** A .tar.gz of one entry, as packChart would never write it. */
function tarOf(path: string, type: 'File' | 'SymbolicLink', size = 0): Uint8Array {
  const block = Buffer.alloc(512);
  new Header({
    path,
    size,
    type,
    mode: 0o644,
    mtime: new Date(0),
    ...(type === 'SymbolicLink' ? { linkpath: '/etc' } : {}),
  }).encode(block, 0);
  return gzipSync(Buffer.concat([block, Buffer.alloc(Math.ceil(size / 512) * 512), Buffer.alloc(1024)]));
}

test.each([
  [
    'another digest than the index says',
    () => packChart({ files: { 'Chart.yaml': 'name: shop\nversion: 1.0.0\n' } }),
    'f'.repeat(64),
    'but the index of the repository says',
  ],
  ['no archive', () => Buffer.from('<html>'), undefined, 'not a .tar.gz'],
  ['path traversal', () => tarOf('shop/../../etc/passwd', 'File'), undefined, 'leads outside'],
  ['links', () => tarOf('shop/link', 'SymbolicLink'), undefined, 'not a regular file'],
  ['a bomb', () => tarOf('shop/zeros', 'File', 120 * 1024 * 1024), undefined, 'unpacks to more than'],
  ['no chart', () => tarOf('shop/readme', 'File'), undefined, 'no Chart.yaml'],
])('an archive with %s', async (_what, bytes, digest, why) => {
  await using repository = await startRepository();
  repository.publishBytes('shop', '1.0.0', bytes(), digest === undefined ? {} : { digest });
  const message = await failure(repository.url);
  expect(message).toMatch(/^source shop: /);
  expect(message).toContain(why);
});

test('an archive that never ends', async () => {
  await using repository = await startRepository();
  repository.publish('shop', '1.0.0');
  repository.files.set('/shop-1.0.0.tgz', (_request, response) => {
    const piece = Buffer.alloc(1024 * 1024);
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', more);
    more();
  });
  expect(await failure(repository.url)).toContain('larger than 50 MiB');
});

test.each([
  ['does not render', { 'templates/a.yaml': '{{ fail "a title is needed" }}' }, 'a title is needed'],
  ['renders to no YAML', { 'templates/a.yaml': 'a: [' }, 'YAML'],
  ['renders to nothing', { 'templates/config.yaml': '' }, 'renders to nothing'],
  [
    'renders to too much',
    {
      'templates/a.yaml':
        '{{ range until 2001 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c{{ . }} }\n{{ end }}',
    },
    '2000 objects',
  ],
  [
    'breaks its own schema',
    { 'values.schema.json': '{"properties": {"title": {"type": "integer"}}}' },
    'title',
  ],
  [
    'needs what cannot be had',
    {
      'Chart.yaml':
        'apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: redis, version: 1.0.0, repository: "git://r.test"}]',
    },
    'git://r.test',
  ],
])('a chart that %s', async (_what, files, why) => {
  await using repository = await startRepository();
  repository.publish('shop', '1.0.0', files);
  expect(await failure(repository.url)).toContain(why);
});

test('private addresses are refused: named, resolved, and after a redirect', async () => {
  await using closed = await startTestCatalog({}, { CNAP_FETCH_PRIVATE_ADDRESSES: 'false' });
  const owner = closed.as('owner');
  for (const repoUrl of [
    'http://127.0.0.1:1',
    'http://[::1]:1',
    'http://localhost:1',
    'http://169.254.169.254',
    'http://0x7f000001',
  ]) {
    const { packageId } = await owner.templates.createTemplate({
      name: 'Shop',
      sources: [sourceOf(repoUrl, { chart: 'shop' })],
    });
    const built = await closed.built(packageId);
    expect([built.state, built.stateMessage]).toEqual([
      PackageState.FAILED,
      expect.stringContaining('private address'),
    ]);
  }
});

test('a redirect to a private address is refused, one to a public address followed', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/end') return void response.end('here');
    const host = request.url === '/away' ? '127.0.0.2' : '127.0.0.1';
    const location = request.url === '/loop' ? '/loop' : `http://${host}:${request.socket.localPort}/end`;
    response.writeHead(302, { location }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as { port: number };
  // As if 127.0.0.1 were the internet, and everything else private.
  await using fetcher = createFetcher({
    allowPrivate: false,
    mayConnect: (address) => address === '127.0.0.1',
    resolve: async (host) => [{ address: host === 'public.test' ? '127.0.0.1' : '127.0.0.2', family: 4 }],
  });
  const { signal } = new AbortController();
  const get = (path: string, host = '127.0.0.1') =>
    fetcher.fetch(`http://${host}:${port}${path}`, { maxBytes: 1000, signal });
  expect(Buffer.from((await get('/near')).bytes).toString()).toBe('here');
  expect(Buffer.from((await get('/end', 'public.test')).bytes).toString()).toBe('here');
  await expect(get('/away')).rejects.toMatchObject({ reason: 'FETCH_REFUSED' });
  await expect(get('/end', 'private.test')).rejects.toMatchObject({ reason: 'FETCH_REFUSED' });
  await expect(get('/loop')).rejects.toMatchObject({ reason: 'FETCH_FAILED' });
  await expect(fetcher.fetch('file:///etc/passwd', { maxBytes: 1, signal })).rejects.toMatchObject({
    reason: 'FETCH_REFUSED',
  });
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});
