import { Code } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { startKubesim } from '@cnap/kubesim';
import { ClusterKind, ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { eventually, expectError, realKubernetes, serveFiles } from '@cnap/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { neededPermissions, rbacRules } from '../src/kubernetes/permissions.ts';
import { readFacts } from './facts.ts';
import { aServiceAccount } from './service-account.ts';
import { startTestClusters } from './test-clusters.ts';

const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());
const clusters = parts.use(await startTestClusters());
const kubesim = parts.use(await startKubesim());
const real = await realKubernetes();
if (real) parts.use(real);
const member = clusters.as('member').clusters;
const regionId = await clusters.aRegion();

const importing = (kubeconfig: string, change: { context?: string; requestId?: string } = {}) =>
  member.importCluster({ name: 'Prod', regionId, kubeconfig, ...change });

/** No cluster, no task, no fact: as if nobody had asked. */
async function expectNothingLeft(): Promise<void> {
  const rows = await clusters.sql(`
    select 'cluster' as what from clusters
    union all select 'task' from reconcile_task where kind = 'cluster'
    union all select 'request' from request_result where method like '%ImportCluster'
    union all select 'fact' from outbox where subject like '%.cluster.%'`);
  expect(rows).toEqual([]);
}

beforeEach(async () => {
  await clusters.sql(`delete from clusters; delete from reconcile_task; delete from request_result;
    delete from outbox where subject like '%.cluster.%'`);
});

const platforms = [
  { name: 'kubesim', kubeconfig: kubesim.kubeconfig },
  { name: 'real Kubernetes', kubeconfig: real?.kubeconfig },
];

describe.each(platforms)('on $name', ({ kubeconfig }) => {
  test.skipIf(!kubeconfig)('a good kubeconfig becomes a cluster, sealed, with its facts', async () => {
    const text = kubeconfig ?? '';
    const requestId = newId('req');
    const first = await importing(text, { requestId });
    const cluster = first.cluster;
    const id = cluster?.id ?? '';
    expect(cluster).toMatchObject({
      name: 'Prod',
      regionId,
      workspaceId: clusters.keys.workspaceId,
      kind: ClusterKind.IMPORTED,
      state: ClusterState.RUNNING,
      settings: { namespacePrefix: 'cnap-', clusterWideObjectsForbidden: false },
    });
    expect(cluster?.kubernetesVersion).toMatch(/^v1\.\d+/);
    expect(cluster?.capacity).toBeDefined();
    expect(await importing(text, { requestId })).toEqual(first);
    await expectError(importing(text), Code.AlreadyExists, 'CLUSTER_ALREADY_IMPORTED');

    await eventually(async () => {
      const facts = (await readFacts(clusters.nats)).filter(({ resourceId }) => resourceId === id);
      expect(facts.map(({ type, version }) => [type, version])).toEqual([
        ['clusters.v1.cluster.created', 1],
        ['clusters.v1.cluster.running', 2],
      ]);
    });

    const { users } = parse(text) as { users: { user: Record<string, string> }[] };
    const secrets = Object.values(users[0]?.user ?? {});
    expect(secrets.length).toBeGreaterThan(0);
    for (const table of ['clusters', 'outbox', 'reconcile_task', 'request_result']) {
      const rows = await clusters.sql(`select t::text as row from ${table} t`);
      const stored = rows.map(({ row }) => String(row)).join('\n');
      for (const secret of secrets) {
        expect(stored).not.toContain(secret);
        expect(stored).not.toContain(Buffer.from(secret).toString('hex'));
      }
    }
    const facts = await readFacts(clusters.nats);
    for (const secret of secrets) expect(facts.some(({ text: body }) => body.includes(secret))).toBe(false);
  });

  test.skipIf(!kubeconfig)('the checks say what they found and store nothing', async () => {
    const found = await member.checkKubeconfig({ kubeconfig: kubeconfig ?? '' });
    expect(found.checks.map(({ name, passed }) => [name, passed])).toEqual([
      ['parses', true],
      ['reachable', true],
      ['version', true],
      ['permissions', true],
    ]);
    expect(found).toMatchObject({ missingPermissions: [], clusterRoleYaml: '' });
    await expectNothingLeft();
  });

  test.skipIf(!kubeconfig)('missing permissions are named, and the ClusterRole grants them', async () => {
    await using account = await aServiceAccount(kubeconfig ?? '');
    const needed = neededPermissions(true);
    const isGiven = (_: unknown, index: number) => index % 2 === 0;
    await account.grant(rbacRules(needed.filter(isGiven)));
    const refusal = () =>
      expectError(importing(account.kubeconfig), Code.FailedPrecondition, 'PERMISSIONS_MISSING');
    // Each that is missing, and nothing else; the API server takes a moment to notice what was granted.
    const error = await eventually(async () => {
      const refused = await refusal();
      const missing = JSON.parse(refused.metadata['missing_permissions'] ?? '[]') as unknown[];
      expect(missing).toEqual(needed.filter((one, index) => !isGiven(one, index)));
      return refused;
    });
    await expectNothingLeft();
    const found = await member.checkKubeconfig({ kubeconfig: account.kubeconfig });
    expect(found.missingPermissions).toHaveLength(needed.length - needed.filter(isGiven).length);
    expect(found.clusterRoleYaml).toBe(error.metadata['cluster_role_yaml']);
    const fewer = await member.checkKubeconfig({
      kubeconfig: account.kubeconfig,
      clusterWideObjectsForbidden: true,
    });
    expect(fewer.missingPermissions.length).toBeLessThan(found.missingPermissions.length);
    expect(fewer.clusterRoleYaml).not.toContain('customresourcedefinitions');

    await account.grantAsPrinted(error.metadata['cluster_role_yaml'] ?? '');
    const cluster = await eventually(async () => {
      const { missingPermissions, checks } = await member.checkKubeconfig({ kubeconfig: account.kubeconfig });
      expect(missingPermissions).toEqual([]);
      expect(checks.every(({ passed }) => passed)).toBe(true);
      return (await importing(account.kubeconfig)).cluster;
    });
    expect(cluster?.state).toBe(ClusterState.RUNNING);
  });
});

type Document = {
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, unknown> }[];
  contexts: { name: string; context: Record<string, unknown> }[];
};
const changed = (change: (document: Document) => void): string => {
  const document = parse(kubesim.kubeconfig) as Document;
  change(document);
  return stringify(document);
};
const withUser = (user: Record<string, unknown>) =>
  changed((document) => document.users.forEach((one) => Object.assign(one, { user })));

test.each([
  ['a program', withUser({ exec: { command: 'aws' } }), '.user.exec'],
  ['a plug-in', withUser({ 'auth-provider': { name: 'gcp' } }), '.user.auth-provider'],
  ['a token file', withUser({ tokenFile: '/etc/passwd' }), '.user.tokenFile'],
  ['a certificate file', withUser({ 'client-certificate': '/x', 'client-key': '/y' }), '.client-certificate'],
  ['no credentials', withUser({}), 'has no credentials'],
  [
    'a CA file',
    changed(({ clusters: [one] }) => Object.assign(one!.cluster, { 'certificate-authority': '/etc/ca' })),
    '.cluster.certificate-authority',
  ],
  [
    'any server trusted',
    changed(({ clusters: [one] }) => Object.assign(one!.cluster, { 'insecure-skip-tls-verify': true })),
    '.insecure-skip-tls-verify',
  ],
  [
    'plain http to elsewhere',
    changed(({ clusters: [one] }) => Object.assign(one!.cluster, { server: 'http://203.0.113.9' })),
    '.cluster.server',
  ],
  ['no kubeconfig', 'kind: Pod', 'not a kubeconfig'],
  ['no YAML', 'a: [', 'not valid YAML'],
])('refused, naming the place: %s', async (_, kubeconfig, place) => {
  const error = await expectError(importing(kubeconfig), Code.InvalidArgument, 'KUBECONFIG_INVALID');
  expect(error.fields[0]?.field).toBe('kubeconfig');
  expect(error.message).toContain(place);
  const found = await member.checkKubeconfig({ kubeconfig });
  expect(found.checks).toMatchObject([{ name: 'parses', passed: false, reason: 'KUBECONFIG_INVALID' }]);
  await expectNothingLeft();
});

test('of several contexts one is named', async () => {
  const kubeconfig = changed(({ contexts }) => contexts.push({ ...contexts[0]!, name: 'second' }));
  const error = await expectError(importing(kubeconfig), Code.InvalidArgument, 'KUBECONFIG_INVALID');
  expect(error.fields[0]?.field).toBe('context');
  await expectError(importing(kubeconfig, { context: 'third' }), Code.InvalidArgument, 'KUBECONFIG_INVALID');
  await expectNothingLeft();
  expect((await importing(kubeconfig, { context: 'second' })).cluster?.state).toBe(ClusterState.RUNNING);
});

test('a cluster that does not answer is refused', async () => {
  const kubeconfig = changed(({ clusters: [one] }) =>
    Object.assign(one!.cluster, { server: 'http://127.0.0.1:1' }),
  );
  const error = await expectError(importing(kubeconfig), Code.FailedPrecondition, 'CLUSTER_UNREACHABLE');
  expect(error.message).toContain('http://127.0.0.1:1');
  await expectNothingLeft();
});

test('credentials that the cluster does not accept are refused', async () => {
  const error = await expectError(
    importing(withUser({ token: 'wrong-token' })),
    Code.FailedPrecondition,
    'CLUSTER_UNREACHABLE',
  );
  expect(error.message).not.toContain('wrong-token');
  await expectNothingLeft();
});

test('a Kubernetes that is too old is refused with its version', async () => {
  await using old = await serveFiles({
    files: { '/version': JSON.stringify({ major: '1', minor: '32', gitVersion: 'v1.32.9' }) },
  });
  const kubeconfig = changed(({ clusters: [one] }) => Object.assign(one!.cluster, { server: old.url }));
  const error = await expectError(importing(kubeconfig), Code.FailedPrecondition, 'KUBERNETES_TOO_OLD');
  expect(error.metadata).toMatchObject({ kubernetes_version: 'v1.32.9' });
  await expectNothingLeft();
});

test('what is not Kubernetes at all is refused', async () => {
  await using website = await serveFiles({ files: { '/version': '<html>hello</html>' } });
  const kubeconfig = changed(({ clusters: [one] }) => Object.assign(one!.cluster, { server: website.url }));
  await expectError(importing(kubeconfig), Code.FailedPrecondition, 'CLUSTER_UNREACHABLE');
  await expectNothingLeft();
});

test('an import is repeated safely even when the cluster has gone away since', async () => {
  await using other = await startKubesim();
  const requestId = newId('req');
  const first = await importing(other.kubeconfig, { requestId });
  await other[Symbol.asyncDispose]();
  expect(await importing(other.kubeconfig, { requestId })).toEqual(first);
  await expectError(
    member.importCluster({ name: 'Other', regionId, kubeconfig: other.kubeconfig, requestId }),
    Code.InvalidArgument,
    'REQUEST_ID_REUSED',
  );
});

test('an unknown region is refused before anything is asked of the cluster', async () => {
  await expectError(
    member.importCluster({ name: 'x', regionId: newId('reg'), kubeconfig: kubesim.kubeconfig }),
    Code.NotFound,
    'REGION_NOT_FOUND',
  );
  await expectNothingLeft();
});
