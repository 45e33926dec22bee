// Charts that are folders of Git repositories.
import { RegistryCredentialType } from '@cnap/proto/cnap/catalog/v1/registry_credential';
import type { Package } from '@cnap/proto/cnap/catalog/v1/package';
import { serveFiles } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GitServer, hasGit, startGitServer } from './git-server.ts';
import { PackageState, startTestCatalog, type TestCatalog } from './test-catalog.ts';

const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());
let catalog: TestCatalog;
let server: GitServer;
const commits: Record<string, string> = {};

const chart = (name: string, more = '') => `apiVersion: v2\nname: ${name}\nversion: 0.1.0\n${more}`;
const configMap = (name: string, text: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  text: ${JSON.stringify(text)}\n`;

beforeAll(async () => {
  catalog = parts.use(await startTestCatalog());
  if (!hasGit) return;
  server = parts.use(await startGitServer());
  const dependencies =
    'dependencies:\n  - name: base\n    version: 0.1.0\n    repository: file://../../lib/base\n';
  commits['first'] = await server.commit({
    'README.md': 'the root has no chart',
    'charts/web/Chart.yaml': chart('web', dependencies),
    'charts/web/templates/web.yaml': configMap('web', 'first'),
    'charts/web/.helmignore': '*.bad\n',
    'charts/web/templates/x.bad': '{{ not a template',
    'lib/base/Chart.yaml': chart('base'),
    'lib/base/templates/base.yaml': configMap('base', 'base'),
    'big.txt': 'a line of text that is here many times\n'.repeat(2_000),
  });
  server.git('tag', '--annotate', 'v1', '--message', 'one');
  commits['second'] = await server.commit({
    'charts/web/templates/web.yaml': configMap('web', 'second'),
    'big.txt': `${'a line of text that is here many times\n'.repeat(2_000)}and one more\n`,
  });
  server.git('branch', 'release/2');
  commits['third'] = await server.commit({
    'linked/Chart.yaml': chart('linked'),
    'linked/values.yaml': '-> ../../../../../../etc/passwd',
    'outside/Chart.yaml': chart(
      'outside',
      'dependencies:\n  - {name: o, version: 0.1.0, repository: "file://../../etc"}\n',
    ),
    'web-link': '-> charts/web',
  });
});

const build = async (path: string, version: string, repoUrl = server.url): Promise<Package> => {
  const kind = { case: 'helmChart' as const, value: { repoUrl, path, version } };
  const { packageId } = await catalog
    .as('owner')
    .templates.createTemplate({ name: 'Git', sources: [{ kind }] });
  return catalog.built(packageId);
};

test.skipIf(!hasGit).each([
  ['a branch with a slash', 'release/2', 'second'],
  ['an annotated tag', 'v1', 'first'],
  ['a ref in full', 'refs/heads/main', 'third'],
  ['the default branch', '', 'third'],
])('%s is the commit that it names, with charts beside it', async (_, revision, commit) => {
  const built = await build('charts/web', revision);
  expect([built.state, built.stateMessage]).toEqual([PackageState.READY, '']);
  expect(built.sources).toMatchObject([
    { alias: 'web', version: commits[commit], url: `${server.url}#${commits[commit]}:charts/web` },
  ]);
  expect(built.kinds).toMatchObject([{ kind: 'ConfigMap', count: 2 }]);
});

test.skipIf(!hasGit)('a commit stays what it is, whatever its branch becomes', async () => {
  const one = await build('charts/web', commits['first'] ?? '');
  const two = await build('./charts/web/', commits['second'] ?? '');
  expect([one.state, two.state]).toEqual([PackageState.READY, PackageState.READY]);
  expect(one.digest).not.toBe(two.digest);
  expect((await build('charts/web', 'v1')).digest).toBe(one.digest);
});

test.skipIf(!hasGit).each([
  ['charts/api', 'main', 'there is no such folder'],
  ['lib', 'main', 'there is no Chart.yaml'],
  ['big.txt', 'main', 'is not a folder'],
  ['web-link', 'main', 'is a symbolic link, which is not followed'],
  ['linked', 'main', '"values.yaml" is a symbolic link, which is not followed'],
  ['outside', 'main', 'its dependency o is outside of the repository'],
  ['charts/web', 'v9', 'has no branch or tag "v9"'],
  ['charts/web', 'abcdef0', 'a commit must be named in full'],
  ['charts/web', '1'.repeat(40), 'The repository refuses'],
])('%s at %s fails and says why', async (path, revision, why) => {
  const built = await build(path, revision);
  expect(built.state).toBe(PackageState.FAILED);
  expect(built.stateMessage).toContain(why);
});

test.skipIf(!hasGit)('a private repository is read with the credential of its host', async () => {
  const secret = `Basic ${Buffer.from('token:canary-git').toString('base64')}`;
  server.guard.authorization = secret;
  try {
    expect((await build('charts/web', 'main')).stateMessage).toContain('status 401');
    await catalog.as('owner').registryCredentials.createRegistryCredential({
      name: 'Git',
      registryUrl: server.url,
      type: RegistryCredentialType.TOKEN,
      credentials: { token: 'canary-git' },
    });
    expect(await build('charts/web', 'main')).toMatchObject({ state: PackageState.READY });
  } finally {
    delete server.guard.authorization;
  }
});

test('what is no Git server fails and says so', async () => {
  await using web = await serveFiles({ files: { '/info/refs': '<html>', '/old/info/refs': '0000' } });
  expect((await build('.', 'main', web.url)).stateMessage).toContain('is not what a Git server answers');
  expect((await build('.', 'main', `${web.url}/old`)).stateMessage).toContain('version 2');
  expect((await build('.', 'main', `${web.url}/none`)).stateMessage).toContain('status 404');
});
