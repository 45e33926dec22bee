// Charts as people publish them, unchanged, on a real control plane: installed, updated, rolled back, gone.
import { readdirSync } from 'node:fs';
import type { JsonObject } from '@bufbuild/protobuf';
import { InputFill } from '@cnap/proto/cnap/catalog/v1/product';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { chartsFolder, eventually, realKubernetes } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realChart } from './charts.ts';
import { startOnReal, type OnReal } from './real-cluster.ts';

const folder = chartsFolder();
const skip = folder === undefined || (await realKubernetes()) === undefined;
/** These are in real.test.ts, on kubesim as well. */
const elsewhere = new Set(['podinfo', 'nats', 'vault', 'traefik']);
const names = (folder === undefined ? [] : readdirSync(folder))
  .flatMap((file) => /^(.+?)-\d[^/]*\.tgz$/.exec(file)?.[1] ?? [])
  .filter((name) => !elsewhere.has(name));
/** What charts do not start without. */
const values: Record<string, JsonObject> = {
  notesnest: {
    app: {
      secrets: {
        jwtSecretKey: 'a-secret-of-more-than-32-characters',
        postgresPassword: 'another',
        postgresUser: 'notes',
        postgresDatabase: 'notes',
      },
    },
  },
};

const crdKind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

let real: OnReal;
beforeAll(async () => {
  if (skip) return;
  const started = await startOnReal();
  if (started) real = started;
});
afterAll(() => real?.[Symbol.asyncDispose]());

const begin = (name: string) =>
  real.begin(realChart(folder ?? '', name), {
    values: { [name]: values[name] ?? {} },
    // One of them puts everything into a namespace that a value names.
    inputs: [{ name: 'ns', sourceAlias: name, path: 'global.namespace', fill: InputFill.NAMESPACE }],
    package: { sources: [{ sourceId: 'src_one', alias: name }] },
  });

/** Every object of every kind that says it is the install's, and its CRDs. */
async function leftOf(id: string, crds: string[]): Promise<string[]> {
  const { all, unavailable } = await real.cluster.kinds({ refresh: true });
  const listed = all.filter(
    ({ verbs, apiVersion }) => verbs.includes('list') && !unavailable.includes(apiVersion),
  );
  const found: string[] = [];
  for (const kind of listed) {
    const labelSelector = `cnap.tech/install=${id}`;
    const objects = await real.cluster.list(kind, { labelSelector }).catch(() => []);
    found.push(...objects.map(({ metadata }) => `${kind.kind} ${metadata.name}`));
  }
  for (const crd of crds) if (await real.get(crdKind, crd)) found.push(`CustomResourceDefinition ${crd}`);
  return found;
}

const hostPaths = 'promtail';

test.each(names.filter((name) => name !== hostPaths))(
  '%s: runs, is changed and changed back, and leaves nothing behind',
  { concurrent: true, skip },
  async (name) => {
    const { id, orderId } = await begin(name);
    const first = await real.installer.until(id, InstallState.RUNNING);
    expect(first.progress?.objectsApplied).toBe(first.progress?.objectsTotal);
    await real.update(id, { podLabels: { tried: 'yes' } });
    const seller = real.installer.as('seller');
    await seller.installs.rollbackInstall({ id, releaseId: first.releaseId });
    await eventually(async () => {
      expect(await real.installer.get(id)).toMatchObject({ state: InstallState.RUNNING, revision: 3 });
    });
    const { release } = await seller.releases.getRelease({ id: first.releaseId });
    const objects = release?.objects ?? [];
    const crds = objects.filter(({ kind }) => kind === 'CustomResourceDefinition').map((crd) => crd.name);
    // Some charts want their CRDs kept.
    const keeps: string[] = [];
    for (const crd of crds) {
      const found = await real.get(crdKind, crd);
      if (found?.metadata.annotations?.['helm.sh/resource-policy'] === 'keep') keeps.push(crd);
    }
    const receipt = await real.remove({ id, orderId });
    const told = objects.map(
      ({ kind, name: object }) => `${keeps.includes(object) ? 'kept' : 'deleted'} ${kind} ${object}`,
    );
    expect(receipt).toEqual(expect.arrayContaining(told));
    expect(receipt.filter((line) => line.startsWith('kept'))).toHaveLength(keeps.length);
    expect(await leftOf(id, crds)).toEqual(keeps.map((crd) => `CustomResourceDefinition ${crd}`));
    for (const crd of keeps) {
      // Nobody is counted among its users any more.
      expect(JSON.stringify((await real.get(crdKind, crd))?.metadata.annotations)).not.toContain(id);
      await real.cluster.delete({ ...crdKind, name: crd });
    }
  },
);

test.skipIf(skip || !names.includes(hostPaths))(
  `${hostPaths}: what Pod Security refuses is said in words, and its removal leaves nothing`,
  async () => {
    const { id, orderId } = await begin(hostPaths);
    const message = await eventually(async () => {
      const install = await real.installer.get(id, 'buyer');
      expect(install.state).toBe(InstallState.DEPLOYING);
      return /hostPath/.test(install.message) && install.message;
    });
    expect(message).toContain('ask for more rights than the cluster grants');
    await real.remove({ id, orderId });
    expect(await leftOf(id, [])).toEqual([]);
  },
);
