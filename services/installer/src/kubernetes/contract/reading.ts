// What is read of a cluster for rendering and for people.
import type { KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { baseline, engineDriver, newTarget } from '../engine-driver.ts';
import type { InventoryEntry } from '../port.ts';
import { aPoorUser } from './poor-user.ts';
import { type Driver, configMap, deployment, imageThat } from './workloads.ts';

export function readingCases({ engine, cluster, until, remove, signal, kubeconfig }: Driver): void {
  test('what charts look up is answered as it is, and what is not there is not found', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const { applied } = await engine.applyObjects(target, [configMap('settings', { a: '1' })], signal);
    const read = async (path: string, accept = 'application/json') =>
      JSON.parse(await engine.readApi(target.clusterId, path, accept, signal)) as Record<string, unknown>;
    const within = `/api/v1/namespaces/${target.namespace}`;
    expect(await read(`${within}/configmaps/settings`)).toMatchObject({
      kind: 'ConfigMap',
      data: { a: '1' },
    });
    const list = await read(`${within}/configmaps?labelSelector=cnap.tech%2Finstall%3D${target.installId}`);
    expect(list).toMatchObject({ kind: 'ConfigMapList', items: [{ metadata: { name: 'settings' } }] });
    const gone = { code: 404, reason: 'NotFound' };
    await expect(read(`${within}/secrets/none`)).rejects.toMatchObject(gone);
    await expect(read('/apis/no.such/v1')).rejects.toMatchObject({ code: 404 });

    expect(await read('/apis/apps/v1')).toMatchObject({
      kind: 'APIResourceList',
      groupVersion: 'apps/v1',
      resources: expect.arrayContaining([
        expect.objectContaining({ name: 'deployments', kind: 'Deployment', namespaced: true }),
      ]),
    });
    const groups = await read('/apis');
    expect(groups).toMatchObject({
      kind: 'APIGroupList',
      groups: expect.arrayContaining([
        expect.objectContaining({
          name: 'apps',
          preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
        }),
      ]),
    });
    const aggregated =
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    expect(await read('/api', aggregated)).toMatchObject({ kind: 'APIGroupDiscoveryList' });
    const { kubeVersion, apiVersions } = await engine.capabilities(target.clusterId, signal);
    expect(kubeVersion).toMatch(/^v1\.\d+\.\d+/);
    expect(apiVersions).toEqual(expect.arrayContaining(['apps/v1', 'apps/v1/Deployment', 'v1', 'v1/Pod']));
    await remove(target, applied);
  });

  test('events about an install are told, in its namespace and of its objects elsewhere', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const role: KubeObject = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `${target.namespace}-wide` },
      rules: [],
    };
    const stuck = deployment('x', { image: imageThat('never-pulls') });
    const { applied } = await engine.applyObjects(target, [role, stuck], signal);
    const wide = applied.find(({ kind }) => kind === 'ClusterRole');
    if (!wide) throw new Error('not applied');
    await cluster.create(eventAbout(wide, `${target.namespace}-wide`));
    await cluster.create(eventAbout({ ...wide, name: 'another' }, `${target.namespace}-another`));
    const events = await until(async () => {
      const found = await engine.listEvents(target, applied, signal);
      return found.some(({ reason }) => reason === 'Failed') ? found : undefined;
    }, 'told');
    expect(events).toContainEqual(
      expect.objectContaining({
        warning: false,
        reason: 'SuccessfulCreate',
        ref: expect.objectContaining({ kind: 'ReplicaSet', namespace: target.namespace }),
        count: 1,
        component: 'replicaset-controller',
        uid: expect.stringMatching(/-/),
      }),
    );
    expect(events.find(({ reason }) => reason === 'Failed')).toMatchObject({
      warning: true,
      ref: { kind: 'Pod' },
    });
    const elsewhere = events.filter(({ reason }) => reason === 'Reviewed');
    expect(elsewhere.map(({ ref }) => ref.name)).toEqual([wide.name]);
    const times = events.map(({ lastTime }) => lastTime.getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(times.every((time) => time > Date.now() - 3_600_000)).toBe(true);
    await remove(target, applied);
  });

  test('objects are read as they are; what is gone, unknown or not to be seen is left out', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const { applied } = await engine.applyObjects(
      target,
      [configMap('a', { x: '1' }), configMap('b')],
      signal,
    );
    const gone = { apiVersion: 'v1', kind: 'Secret', namespace: target.namespace, name: 'none' };
    const unknown = { apiVersion: 'no.such/v1', kind: 'Thing', namespace: target.namespace, name: 'x' };
    const found = await engine.readObjects(target, [...applied, gone, unknown], signal);
    expect(found.map(({ metadata }) => metadata.name).toSorted()).toEqual(['a', 'b']);
    expect(found.find(({ metadata }) => metadata.name === 'a')).toMatchObject({
      kind: 'ConfigMap',
      data: { x: '1' },
    });

    const maps = { apiVersion: 'v1', kind: 'ConfigMap' };
    const listed = await engine.listObjects(target, maps, signal);
    expect(listed.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['a', 'b']));
    expect(listed.every(({ metadata }) => metadata.namespace === target.namespace)).toBe(true);
    expect(await engine.listObjects(target, { apiVersion: 'no.such/v1', kind: 'Thing' }, signal)).toEqual([]);

    const user = await aPoorUser(cluster, target.namespace, []);
    await using poor = engineDriver(user.kubeconfig(kubeconfig));
    expect(await poor.engine.readObjects(target, applied, signal)).toEqual([]);
    expect(await poor.engine.listObjects(target, maps, signal)).toEqual([]);
    await remove(target, applied);
  });
}

/** As controllers write one about a cluster-wide object: in the namespace `default`. */
const eventAbout = ({ apiVersion, kind, name }: InventoryEntry, as: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: as, namespace: 'default' },
  involvedObject: { apiVersion, kind, name },
  type: 'Normal',
  reason: 'Reviewed',
  message: 'looked at',
  source: { component: 'test' },
  firstTimestamp: new Date().toISOString().replace(/\.\d+Z/, 'Z'),
  lastTimestamp: new Date().toISOString().replace(/\.\d+Z/, 'Z'),
  count: 1,
});
