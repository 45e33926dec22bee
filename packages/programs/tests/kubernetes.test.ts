import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram, startKubernetes } from '../src/index.ts';
import { run } from '../src/run.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'cnap-kubernetes-'))));
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

test.skipIf(!process.env['KUBEBUILDER_ASSETS'])(
  'a real control plane runs deployments, jobs and volumes, and shows logs',
  async () => {
    await using cluster = await startKubernetes({ dataDir: join(folder, 'cluster') });
    const { path } = await findProgram('kubectl');
    const kubectl = (...args: string[]) => run(path, ['--kubeconfig', cluster.kubeconfigPath, ...args]);

    await kubectl('create', 'deployment', 'web', '--image=web:1', '--replicas=2');
    await kubectl('create', 'job', 'once', '--image=job:1');
    await run('/bin/sh', [
      '-c',
      `echo '${claim}' | "${path}" --kubeconfig "${cluster.kubeconfigPath}" apply -f -`,
    ]);
    await kubectl('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s');
    await kubectl('wait', '--for=condition=Complete', 'job/once', '--timeout=60s');
    await kubectl('wait', '--for=jsonpath={.status.phase}=Bound', 'pvc/data', '--timeout=60s');
    expect(await kubectl('logs', 'deployment/web')).toContain('hello from a pod');
    await kubectl('delete', 'deployment/web', '--timeout=60s');
    await kubectl('wait', '--for=delete', 'pod', '-l', 'app=web', '--timeout=60s');
  },
);

const claim = JSON.stringify({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});
