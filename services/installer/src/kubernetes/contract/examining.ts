// Whether a cluster would take a package, before anything is applied.
import type { KubeObject } from '@cnap/kubernetes';
import { eventually } from '@cnap/testing';
import { expect, test } from 'vitest';

import { baseline, newTarget } from '../engine-driver.ts';
import { createEngine } from '../engine.ts';
import { installLabel } from '../owned-object.ts';
import { aPoorUser } from './poor-user.ts';
import { type Driver, configMap } from './workloads.ts';

const rbac = 'rbac.authorization.k8s.io';
const role = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRole',
  metadata: { name, labels },
  rules: [],
});
const crd = (group: string, version: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `fits.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'fits', singular: 'fit', kind: 'Fit', listKind: 'FitList' },
    versions: [
      { name: version, served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
    ],
  },
});

export function examiningCases({ engine, cluster, remove, signal, kubeconfig }: Driver): void {
  const own = { fieldManager: 'somebody' };
  const marker = 'marker';

  test('what is there already, and whose it is; what each install has for itself is free', async () => {
    const target = newTarget();
    const suffix = target.releaseName;
    const group = `${suffix}.example.com`;
    const taken = [role(`taken-${suffix}`), role(`ours-${suffix}`, { [installLabel]: 'ins_other' })];
    const theirs = { ...configMap(`x-${suffix}`), metadata: { name: `x-${suffix}`, namespace: 'default' } };
    const there = [...taken, role(`marker-${suffix}`), crd(group, 'v1'), theirs];
    for (const object of there) await cluster.apply(object, own);
    const examined = (crds: KubeObject[], ...objects: KubeObject[]) =>
      engine.examine(target.clusterId, { marker, crds, objects }, signal);

    const free = [role(`marker-${suffix}`), role(`free-${suffix}`), configMap(`x-${suffix}`)];
    const fit = { apiVersion: `${group}/v1`, kind: 'Fit', metadata: { name: 'f' } };
    expect(await examined([crd(group, 'v1')], ...free, fit)).toEqual([]);
    const unheard = { apiVersion: 'no.such/v1', kind: 'Thing', metadata: { name: 'f' } };
    const found = await examined([crd(group, 'v2')], ...taken, theirs, unheard);
    expect(found.map(({ reason, message }) => `${reason} ${message}`).toSorted()).toEqual([
      'KIND_MISSING has no kind Thing of no.such/v1, which the package brings',
      `OBJECT_TAKEN CustomResourceDefinition fits.${group} is there already, was not made by CNAP and lacks v2`,
      `OBJECT_TAKEN has a ClusterRole ours-${suffix} already, of install ins_other`,
      `OBJECT_TAKEN has a ClusterRole taken-${suffix} already, made by somebody else`,
      `OBJECT_TAKEN has a ConfigMap default/x-${suffix} already, made by somebody else`,
    ]);
    // A kind that the package brings itself is not missing.
    const news = { apiVersion: `news.${group}/v1`, kind: 'Fit', metadata: { name: 'f' } };
    expect(await examined([crd(`news.${group}`, 'v1')], news)).toEqual([]);
    for (const { apiVersion, kind, metadata } of there)
      await cluster.delete({
        apiVersion,
        kind,
        name: metadata.name,
        ...(metadata.namespace && { namespace: metadata.namespace }),
      });
  });

  test('what the kubeconfig may not bring is named', async () => {
    const target = newTarget();
    const { applied } = await engine.prepareNamespace(target, baseline, signal);
    const poor = await aPoorUser(cluster, target.namespace, [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['*'] },
    ]);
    await using theirs = createEngine({
      loadKubeconfig: () => Promise.resolve(poor.kubeconfig(kubeconfig)),
      onInstallChanged: () => undefined,
    });
    const objects = [role('x'), configMap('x')];
    await eventually(async () => {
      const found = await theirs.examine(target.clusterId, { marker, crds: [], objects }, signal);
      expect(found).toEqual([
        {
          reason: 'PERMISSIONS_MISSING',
          message: `does not let the kubeconfig's user get, list, watch, create, patch, delete clusterroles.${rbac}, which the package brings`,
        },
      ]);
    });
    await remove(target, applied);
  });
}
