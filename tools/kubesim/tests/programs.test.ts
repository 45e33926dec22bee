import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '@cnap/programs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Kubesim } from '../src/index.ts';
import { startKubesim } from '../src/index.ts';

const execute = promisify(execFile);
let folder: string;
let kubesim: Kubesim;
let paths: Record<'kubectl' | 'helm', string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubesim-programs-'));
  kubesim = await startKubesim();
  await writeFile(join(folder, 'kubeconfig'), kubesim.kubeconfig);
  paths = { kubectl: (await findProgram('kubectl')).path, helm: (await findProgram('helm')).path };
});
afterAll(async () => {
  await kubesim?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function run(program: 'kubectl' | 'helm', ...args: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: join(folder, 'kubeconfig') };
  const { stdout, stderr } = await execute(paths[program], args, { env, timeout: 50_000 });
  return stdout + stderr;
}

const manifest = (image: string, replicas = 2): string => `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { color: blue }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: ${image}
          envFrom: [{ configMapRef: { name: settings } }]
`;

test('kubectl applies, waits, shows, logs, describes and deletes', async () => {
  const file = join(folder, 'web.yaml');
  await writeFile(file, manifest('nginx:1'));
  expect(await run('kubectl', 'apply', '-f', file)).toContain('deployment.apps/web created');
  await run('kubectl', 'wait', '--for=condition=Available', 'deployment/web', '--timeout=20s');
  expect(await run('kubectl', 'apply', '-f', file)).toContain('deployment.apps/web unchanged');
  await writeFile(file, manifest('nginx:2', 3));
  expect(await run('kubectl', 'apply', '-f', file)).toContain('deployment.apps/web configured');
  expect(await run('kubectl', 'rollout', 'status', 'deployment/web', '--timeout=20s')).toContain(
    'successfully rolled out',
  );
  expect(await run('kubectl', 'get', 'deployment', 'web')).toMatch(/web\s+3\/3\s+3\s+3/);
  expect(await run('kubectl', 'get', 'pods', '-l', 'app=web', '-o', 'wide')).toMatch(
    /web-\w+-\w+\s+1\/1\s+Running\s+0/,
  );
  expect(await run('kubectl', 'logs', 'deployment/web')).toContain('listening on :8080');
  expect(await run('kubectl', 'describe', 'deployment', 'web')).toContain('Scaled up replica set web-');
  expect(await run('kubectl', 'apply', '--server-side', '--force-conflicts', '-f', file)).toContain(
    'serverside-applied',
  );
  expect(await run('kubectl', 'diff', '-f', file)).toBe('');
  expect(await run('kubectl', 'scale', 'deployment/web', '--replicas=1')).toContain('scaled');
  await run('kubectl', 'wait', '--for=jsonpath={.status.replicas}=1', 'deployment/web', '--timeout=20s');
  await run('kubectl', 'delete', '-f', file, '--wait');
  await run('kubectl', 'wait', '--for=delete', 'pod', '-l', 'app=web', '--timeout=20s');
});

test('images whose tag says so never pull or crash, and kubectl shows why', async () => {
  const file = join(folder, 'bad.yaml');
  const pod = (name: string, tag: string): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { containers: [{ name: app, image: 'example.com/app:${tag}' }] }\n`;
  await writeFile(file, `${pod('stuck', 'never-pulls')}---\n${pod('broken', 'crashes')}`);
  await run('kubectl', 'apply', '-f', file);
  const reason = '{.status.containerStatuses[0].state.waiting.reason}';
  await run('kubectl', 'wait', `--for=jsonpath=${reason}=ImagePullBackOff`, 'pod/stuck', '--timeout=20s');
  await run('kubectl', 'wait', `--for=jsonpath=${reason}=CrashLoopBackOff`, 'pod/broken', '--timeout=20s');
  expect(await run('kubectl', 'describe', 'pod', 'stuck')).toContain(
    'Failed to pull image "example.com/app:never-pulls"',
  );
  expect(await run('kubectl', 'logs', 'broken')).toContain('panic: required setting DATABASE_URL is missing');
  await expect(run('kubectl', 'logs', 'stuck')).rejects.toThrow('trying and failing to pull image');
  await run('kubectl', 'delete', '-f', file);
});

test('helm installs, upgrades, rolls back and uninstalls', async () => {
  const chart = join(folder, 'chart');
  await mkdir(join(chart, 'templates'), { recursive: true });
  await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: sample\nversion: 1.0.0\n');
  await writeFile(join(chart, 'values.yaml'), 'replicas: 1\n');
  await writeFile(
    join(chart, 'templates/all.yaml'),
    manifest('nginx:1').replace('replicas: 2', 'replicas: {{ .Values.replicas }}'),
  );
  const hook = `apiVersion: batch/v1
kind: Job
metadata: { name: before, annotations: { helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-succeeded } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: work, image: busybox:1 }] } } }
`;
  await writeFile(join(chart, 'templates/hook.yaml'), hook);
  const where = ['--namespace', 'shop', '--timeout', '40s'];
  expect(await run('helm', 'install', 'shop', chart, ...where, '--create-namespace', '--wait')).toContain(
    'STATUS: deployed',
  );
  await run('helm', 'upgrade', 'shop', chart, ...where, '--set', 'replicas=3', '--wait');
  expect(await run('kubectl', 'get', 'deployment', 'web', '-n', 'shop')).toMatch(/3\/3/);
  await run('helm', 'rollback', 'shop', '1', ...where, '--wait');
  expect(await run('kubectl', 'get', 'deployment', 'web', '-n', 'shop')).toMatch(/1\/1/);
  expect(await run('helm', 'uninstall', 'shop', ...where, '--wait')).toContain('uninstalled');
  expect(await run('kubectl', 'get', 'deployments,jobs', '-n', 'shop')).toContain('No resources found');
  await run('kubectl', 'delete', 'namespace', 'shop', '--timeout=20s');
});
