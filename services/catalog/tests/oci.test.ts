// Charts in OCI registries, public and private.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { packChart } from '@cnap/helm';
import { RegistryCredentialType } from '@cnap/proto/cnap/catalog/v1/registry_credential';
import { type FileServer, serveFiles } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PackageState, sourceOf, startTestCatalog, type TestCatalog } from './test-catalog.ts';

const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());
let catalog: TestCatalog;
let registry: FileServer;
/** What the registry and who gives its tokens were told. */
const heard: { token: (string | undefined)[]; storage: (string | undefined)[] } = { token: [], storage: [] };
const access = { needed: '' };

const digestOf = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Chart.Name }}\n';
const host = () => new URL(registry.url).host;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
/** Wants a token of its own, as registries do; the token's giver wants what `access` says. */
const guarded =
  (answer: Handler): Handler =>
  (request, response) => {
    if (request.headers.authorization === 'Bearer granted') return answer(request, response);
    const challenge = `Bearer realm="${registry.url}/token",service="test",scope="repository:acme/app:pull"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end('{}');
  };

/** @param layer another content than the manifest says */
function publish(name: string, tags: string[], files: Record<string, string> = {}, layer?: Uint8Array): void {
  const bytes = packChart({
    files: {
      'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n${files['dependencies'] ?? ''}`,
      'templates/a.yaml': configMap,
    },
  });
  const base = `/v2/acme/${name}`;
  const chartLayer = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
  const layers = [{ mediaType: files['mediaType'] ?? chartLayer, digest: `sha256:${digestOf(bytes)}` }];
  const [first = '', ...others] = tags;
  // In two pages.
  registry.files.set(
    `${base}/tags/list`,
    guarded((request, response) => {
      const isFirst = !request.url?.includes('last=');
      if (isFirst) response.setHeader('link', `<${base}/tags/list?n=1&last=${first}>; rel="next"`);
      response.end(JSON.stringify({ name, tags: isFirst ? [first] : others }));
    }),
  );
  for (const tag of tags) {
    registry.files.set(
      `${base}/manifests/${tag}`,
      guarded((request, response) => {
        const isAsked = request.headers.accept?.includes('oci.image.manifest') === true;
        response.writeHead(isAsked ? 200 : 404).end(JSON.stringify({ schemaVersion: 2, layers }));
      }),
    );
  }
  registry.files.set(
    `${base}/blobs/sha256:${digestOf(bytes)}`,
    guarded((_, response) => void response.writeHead(307, { location: `${storage.url}/${name}` }).end()),
  );
  storage.files.set(`/${name}`, (request, response) => {
    heard.storage.push(request.headers.authorization);
    response.end(layer ?? bytes);
  });
}

let storage: FileServer;
beforeAll(async () => {
  catalog = parts.use(await startTestCatalog());
  registry = parts.use(await serveFiles());
  storage = parts.use(await serveFiles());
  registry.files.set('/token', (request, response) => {
    heard.token.push(request.headers.authorization);
    const may = access.needed === '' || request.headers.authorization === access.needed;
    response.writeHead(may ? 200 : 401).end(JSON.stringify({ token: 'granted' }));
  });
});

const build = async (chart: string, version = '') => {
  const repoUrl = `oci://${host()}/acme`;
  const { packageId } = await catalog
    .as('owner')
    .templates.createTemplate({ name: 'OCI', sources: [sourceOf(repoUrl, { chart, version })] });
  return catalog.built(packageId);
};

test('versions are tags; the newest that fits is fetched, with what it depends on', async () => {
  publish('base', ['1.0.0']);
  const dependencies = `dependencies:\n  - {name: base, version: ^1, repository: "oci://${host()}/acme"}\n`;
  publish('app', ['1.0.0', '1.2.0_build.7', '2.0.0-rc.1', 'latest'], { dependencies });
  const built = await build('app', '^1.1');
  expect([built.state, built.stateMessage]).toEqual([PackageState.READY, '']);
  expect(built.sources).toMatchObject([{ alias: 'app', version: '1.2.0+build.7' }]);
  expect(built.kinds).toMatchObject([{ kind: 'ConfigMap', count: 2 }]);
  expect(new Set(heard.token)).toEqual(new Set([undefined]));
  expect((await build('app', '9')).stateMessage).toMatch(
    /no version that matches "9"; the newest are 2.0.0-rc.1/,
  );
});

test('what is no chart, is not there, or is something else fails and says so', async () => {
  publish('image', ['1.0.0'], { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' });
  publish('swapped', ['1.0.0'], {}, Buffer.from('something else'));
  expect((await build('image')).stateMessage).toContain('is no Helm chart');
  expect((await build('swapped')).stateMessage).toContain('has the digest');
  expect((await build('nothing')).stateMessage).toContain('status 404');
});

test('a private registry gets the credential of its host, through who gives its tokens, and nobody else', async () => {
  publish('private', ['1.0.0']);
  access.needed = `Basic ${Buffer.from('me:canary-oci').toString('base64')}`;
  heard.storage.length = 0;
  const refused = await build('private');
  expect(refused.state).toBe(PackageState.FAILED);
  expect(refused.stateMessage).toContain('cannot be read without signing in');
  await catalog.as('owner').registryCredentials.createRegistryCredential({
    name: 'OCI',
    registryUrl: registry.url,
    type: RegistryCredentialType.BASIC,
    credentials: { username: 'me', password: 'canary-oci' },
  });
  expect(await build('private')).toMatchObject({ state: PackageState.READY, stateMessage: '' });
  expect(heard.token.at(-1)).toBe(access.needed);
  expect(heard.storage).toEqual([undefined]);
});
