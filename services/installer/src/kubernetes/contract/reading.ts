// What is read of a cluster for rendering and for people.
import { expect, test } from 'vitest';

import { baseline, newTarget } from '../engine-driver.ts';
import { type Driver, configMap } from './workloads.ts';

export function readingCases({ engine, remove, signal }: Driver): void {
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
}
