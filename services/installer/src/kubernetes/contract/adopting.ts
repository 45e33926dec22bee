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
import { type Driver, configMap, deployment, imageThat, job, volumeClaim } from './workloads.ts';

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

  test('of what else is in its namespace nothing is shown, told or put to sleep', async () => {
    const target: Target = { ...newTarget(), existing: true };
    const { namespace } = target;
    await install(target);
    const claim = volumeClaim('theirs', 'none');
    const foreign = [claim, deployment('theirs', { image: imageThat('never-pulls') })];
    for (const object of foreign) {
      await cluster.create({ ...object, metadata: { ...object.metadata, namespace } });
    }
    const pods = { apiVersion: 'v1', kind: 'Pod' };
    const isTheirs = (text: string) => text.startsWith('theirs');
    // Once the namespace has something to tell of theirs.
    await until(async () => {
      const told = (await engine.explainWaiting({ ...target, existing: false }, signal)).map(
        ({ ref }) => ref,
      );
      const kinds = told.filter(({ name }) => isTheirs(name)).map(({ kind }) => kind);
      return (kinds.includes('Pod') && kinds.includes('PersistentVolumeClaim')) || undefined;
    }, 'told');

    const shown = (await engine.listPods(target, signal)).map(({ name }) => name);
    expect(shown).toHaveLength(2);
    expect(shown.filter(isTheirs)).toEqual([]);
    expect(await engine.explainWaiting(target, signal)).toEqual([]);
    const events = await engine.listEvents(target, [], signal);
    expect(new Set(events.map(({ ref }) => ref.kind))).toEqual(new Set(['Deployment', 'ReplicaSet', 'Pod']));
    expect(events.filter(({ ref }) => isTheirs(ref.name))).toEqual([]);
    expect(
      (await engine.listObjects(target, pods, signal)).map(({ metadata }) => metadata.name).toSorted(),
    ).toEqual(shown);
    const { apiVersion, kind } = claim;
    expect(await engine.listObjects(target, { apiVersion, kind }, signal)).toEqual([]);

    const release = await engine.readHelmRelease(target, signal);
    const asleep = await until(async () => {
      let step = await engine.hibernate(target, release?.inventory ?? [], [], signal);
      while (step.state === 'next') {
        step = await engine.hibernate(target, release?.inventory ?? [], step.remembered, signal);
      }
      return step.state === 'done' ? step : undefined;
    }, 'asleep');
    expect(asleep.message).toBe('');
    expect(await engine.listPods(target, signal)).toEqual([]);
    const theirs = await cluster.get({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace,
      name: 'theirs',
    });
    expect(theirs?.['spec']).toMatchObject({ replicas: 1 });
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  });

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
