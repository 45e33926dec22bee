import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { checkArchitecture } from './architecture/check.ts';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

/** A small repository that breaks no rule. */
const good: Record<string, string> = {
  'packages/postgres/package.json': '{}',
  'packages/postgres/src/index.ts': `export { openDatabase, type Row } from './database.ts';\n`,
  'packages/postgres/src/database.ts': `/** Opens it. */\nexport function openDatabase() {}\nexport type Row = object;\nexport const own = 1;\n`,
  'packages/postgres/vitest.config.ts': `import { testConfig } from '../../tools/vitest.ts';\n`,
  'services/clusters/package.json': '{}',
  'services/clusters/README.md': '',
  'services/clusters/migrations/0001_clusters.ts': '',
  'services/clusters/src/main.ts': `import { loadConfig } from '@cnap/config';\nimport { startClusters } from './service.ts';\n`,
  'services/clusters/src/config.ts': '',
  'services/clusters/src/service.ts': `import { clusterRpc } from './cluster/rpc.ts';\nimport { openCluster } from './kubernetes/open.ts';\n`,
  'services/clusters/src/cluster/rpc.ts': `import { insertCluster } from './store.ts';\n`,
  'services/clusters/src/cluster/store.ts': `import { sql } from 'kysely';\n`,
  'services/clusters/src/cluster/plan.ts': `import semver from 'semver';\nimport type { Row } from './store.ts';\nexport const next = (row: Row) => row;\n`,
  'services/clusters/src/cluster/reconcile.ts': `import { next } from './plan.ts';\n`,
  'services/clusters/src/kubernetes/open.ts': `import { Agent } from 'undici';\n`,
  'services/clusters/tests/cluster.test.ts': `import { startClusters } from '../src/service.ts';\n`,
  'tools/stack/package.json': '{}',
  'tools/stack/src/start.ts': `import { startClusters } from '@cnap/clusters';\n`,
};

const found = (change: Record<string, string>) => {
  const root = mkdtempSync(join(tmpdir(), 'cnap-architecture-'));
  folders.push(root);
  for (const [path, text] of Object.entries({ ...good, ...change })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkArchitecture(root).map(({ file, line, rule }) => `${file}:${line} ${rule}`);
};

test('a repository that keeps the rules has no violations', () => {
  expect(found({})).toEqual([]);
});

const clusters = 'services/clusters/src';
test.each<[string, string, string, string]>([
  [
    'a service imports another',
    `${clusters}/cluster/rpc.ts`,
    `\nimport { x } from '@cnap/billing';`,
    ':2 no service imports another',
  ],
  [
    'a package imports a service',
    'packages/postgres/src/database.ts',
    `import { x } from '@cnap/billing';`,
    ':1 packages/postgres must not import the service billing',
  ],
  [
    'a relative import leaves its package',
    `${clusters}/cluster/store.ts`,
    `import { x } from '../../../../packages/postgres/src/database.ts';`,
    ':1 a relative import leaves services/clusters',
  ],
  [
    'main imports a store',
    `${clusters}/main.ts`,
    `import { x } from './cluster/store.ts';`,
    ':1 main imports service and config',
  ],
  [
    'something imports service',
    `${clusters}/cluster/store.ts`,
    `import { x } from '../service.ts';`,
    ':1 service.ts is imported by main and by tests only',
  ],
  [
    'rpc uses an adapter',
    `${clusters}/cluster/rpc.ts`,
    `import { openCluster } from '../kubernetes/open.ts';`,
    ':1 rpc must not use an adapter',
  ],
  [
    'rpc throws ConnectError',
    `${clusters}/cluster/rpc.ts`,
    `import {\n  Code,\n  ConnectError,\n} from '@connectrpc/connect';`,
    ':1 rpc throws DomainError',
  ],
  [
    'rpc reads the environment',
    `${clusters}/cluster/rpc.ts`,
    `// process.env is not read\nconst x = process.env['X'];`,
    ':2 rpc must not read process.env',
  ],
  [
    'rpc imports its reconciler',
    `${clusters}/cluster/rpc.ts`,
    `import { x } from './reconcile.ts';`,
    ':1 rpc must not import reconcile',
  ],
  [
    'store speaks to the network',
    `${clusters}/cluster/store.ts`,
    `import { x } from '@connectrpc/connect';`,
    ':1 store holds SQL',
  ],
  [
    'store knows messages',
    `${clusters}/cluster/store.ts`,
    `import { x } from '@cnap/proto/cnap/clusters/v1/cluster';`,
    ':1 store knows rows',
  ],
  [
    'plan imports a store',
    `${clusters}/cluster/plan.ts`,
    `import { x } from './store.ts';`,
    ':1 plan is pure: of this it may import types only',
  ],
  [
    'plan reaches a database',
    `${clusters}/cluster/plan.ts`,
    `import { sql } from 'kysely';`,
    ':1 plan is pure: of this it may import types only',
  ],
  [
    'plan reads the clock',
    `${clusters}/cluster/plan.ts`,
    `export const x = () => Date.now();`,
    ':1 plan is pure: no clock',
  ],
  [
    'reconcile imports rpc',
    `${clusters}/cluster/reconcile.ts`,
    `import { x } from './rpc.ts';`,
    ':1 reconcile must not import rpc',
  ],
  [
    'reconcile imports an adapter',
    `${clusters}/cluster/reconcile.ts`,
    `import { x } from '../kubernetes/open.ts';`,
    ':1 reconcile declares a port',
  ],
  [
    'an adapter uses a store',
    `${clusters}/kubernetes/open.ts`,
    `import { x } from '../cluster/store.ts';`,
    ':1 an adapter must not use a store',
  ],
  [
    'the outside is used elsewhere',
    `${clusters}/cluster/on-lost.ts`,
    `import Stripe from 'stripe';`,
    ':1 stripe is for adapter folders',
  ],
  [
    'tests use internals',
    'services/clusters/tests/cluster.test.ts',
    `import { x } from '../src/cluster/store.ts';`,
    ':1 tests use the generated client',
  ],
  ['a banned file name', `${clusters}/cluster/string-utils.ts`, '', ':1 "utils" says nothing'],
  ['a layer', `${clusters}/repositories/cluster.ts`, '', ':1 "repositories" is a layer'],
  [
    'a banned class name',
    `${clusters}/cluster/store.ts`,
    `export class ClusterManager {}`,
    ':1 ClusterManager: "manager" says nothing',
  ],
  [
    'an interface with a prefix',
    `${clusters}/cluster/store.ts`,
    `interface ICluster {}`,
    ':1 ICluster: interfaces have no prefix I',
  ],
  ['a name in camel case', `${clusters}/cluster/toProto.ts`, '', ':1 toProto.ts is not kebab-case'],
  ['a long file', `${clusters}/cluster/store.ts`, 'x\n'.repeat(401), ':401 401 lines, at most 400'],
  [
    'a long test',
    'services/clusters/tests/cluster.test.ts',
    'x\n'.repeat(601),
    ':601 601 lines, at most 600',
  ],
  [
    'an export without TSDoc',
    'packages/postgres/src/database.ts',
    `export function openDatabase() {}`,
    ':1 openDatabase is exported by the package: TSDoc',
  ],
  [
    'a migration without a number',
    'services/clusters/migrations/clusters.ts',
    '',
    ':1 migrations are called 0001_',
  ],
])('%s', (_name, file, text, rule) => {
  const violations = found({ [file]: text });
  expect(violations.filter((each) => each.startsWith(`${file}${rule}`))).toHaveLength(1);
});

test('imports of types do not count where only running code matters', () => {
  const text = `import type { Cluster } from '../kubernetes/open.ts';\nimport { type X, type Y } from '../kubernetes/open.ts';\n`;
  expect(found({ [`${clusters}/cluster/reconcile.ts`]: text })).toEqual([]);
});

test('a service without its parts is incomplete, and two migrations cannot have one number', () => {
  expect(
    found({
      'services/billing/src/main.ts': '',
      'services/clusters/migrations/0001_again.ts': '',
    }),
  ).toEqual([
    'services/billing/README.md:1 every service has one',
    'services/billing/src/config.ts:1 every service has one',
    'services/billing/src/service.ts:1 every service has one',
    'services/clusters/migrations:1 two migrations have the number 0001',
  ]);
});

test('the command prints what it found and fails', () => {
  const root = mkdtempSync(join(tmpdir(), 'cnap-architecture-'));
  folders.push(root);
  const command = join(import.meta.dirname, 'check-architecture.ts');
  expect(execFileSync(process.execPath, [command, root], { encoding: 'utf8' })).toBe('');
  mkdirSync(join(root, 'tools'));
  writeFileSync(join(root, 'tools', 'utils.ts'), '');
  const { status, stdout } = spawnSync(process.execPath, [command, root], { encoding: 'utf8' });
  expect(stdout).toBe(
    'tools/utils.ts:1 "utils" says nothing: name the file after what it does\n1 violations of the architecture\n',
  );
  expect(status).toBe(1);
});
