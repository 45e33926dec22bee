// A release that Helm itself has made: read as it is, and taken over field by field.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packChart } from '@cnap/helm';
import { findProgram } from '@cnap/programs';
import { expect, test } from 'vitest';

import { newTarget } from '../engine-driver.ts';
import type { Target } from '../port.ts';
import { type Driver, configMap, deployment, imageThat, job } from './workloads.ts';

const run = promisify(execFile);
const hook = {
  ...job('before'),
  metadata: {
    name: 'before',
    annotations: { 'helm.sh/hook': 'pre-install', 'helm.sh/hook-delete-policy': 'hook-succeeded' },
  },
};
const settings = JSON.stringify(configMap('settings', { kept: '1', dropped: '1' }));
const chart = packChart({
  files: {
    'Chart.yaml': 'apiVersion: v2\nname: taken\nversion: 1.0.0\n',
    'values.yaml': 'replicas: 1\n',
    'templates/settings.yaml': settings,
    'templates/web.yaml': JSON.stringify(
      deployment('web', { image: imageThat('runs'), spec: { replicas: 'REPLICAS' } }),
    ).replace('"REPLICAS"', '{{ .Values.replicas }}'),
    'templates/hook.yaml': JSON.stringify(hook),
  },
});

export function adoptingCases({ engine, cluster, until, becomeHealthy, signal, kubeconfig }: Driver): void {
  async function install({ releaseName, namespace }: Target): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'cnap-helm-'));
    try {
      const [file, config] = [join(folder, 'chart.tgz'), join(folder, 'kubeconfig')];
      await Promise.all([writeFile(file, chart), writeFile(config, kubeconfig, { mode: 0o600 })]);
      const { path } = await findProgram('helm');
      const given = ['--namespace', namespace, '--create-namespace', '--set', 'replicas=2', '--wait'];
      const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: config };
      await run(path, ['install', releaseName, file, ...given, '--timeout', '120s'], { env });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  test('a release of Helm is read, and taken over: what is dropped goes, what runs goes on', async () => {
    const target = newTarget();
    expect(await engine.readHelmRelease(target, signal)).toBeUndefined();
    await install(target);
    const release = await engine.readHelmRelease(target, signal);
    if (!release) throw new Error('no release');
    expect(release).toMatchObject({ revision: 1, values: { replicas: 2 } });
    expect(release.objects.map(({ kind }) => kind).toSorted()).toEqual(['ConfigMap', 'Deployment']);
    expect(release.hooks.map(({ object }) => object.metadata.name)).toEqual(['before']);
    expect(release.inventory.map(({ kind }) => kind).toSorted()).toEqual([
      'ConfigMap',
      'Deployment',
      'Secret',
    ]);
    expect(release.inventory.every(({ uid }) => uid !== '')).toBe(true);

    const pods = async () => (await engine.listPods(target, signal)).map(({ name }) => name);
    const before = await pods();
    const wanted = release.objects.map((object) =>
      object.kind === 'ConfigMap' ? configMap('settings', { kept: '2' }) : object,
    );
    for (const _ of ['once', 'again']) {
      const { failure } = await engine.applyObjects(target, wanted, signal, { takeOver: true });
      expect(failure).toBeUndefined();
    }
    const at = { apiVersion: 'v1', kind: 'ConfigMap', namespace: target.namespace, name: 'settings' };
    expect((await cluster.get(at))?.['data']).toEqual({ kept: '2' });
    const applied = release.inventory.filter(({ kind }) => kind !== 'Secret');
    await becomeHealthy(target, applied);
    expect(await pods()).toEqual(before);

    // Its namespace is not the install's, and stays.
    await until(async () => {
      const { left } = await engine.removeObjects(target, release.inventory, signal);
      return left.length === 0 || undefined;
    }, 'removed');
    expect(await engine.readHelmRelease(target, signal)).toBeUndefined();
    expect(await engine.removeNamespace(target, signal)).toMatchObject({ gone: true });
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name: target.namespace };
    expect((await cluster.get(namespace))?.metadata.deletionTimestamp).toBeUndefined();
    await cluster.delete(namespace);
  });
}
