// What the engine needs of a cluster, as tests that run on any: the real one and the simulated one.
import { carryOver, generatedFields } from '@cnap/helm';
import { type KubeObject, formatKubeconfig } from '@cnap/kubernetes';
import { widgetCrd } from '@cnap/testing';
import { afterAll, describe, expect, test } from 'vitest';

import { adoptingCases } from './contract/adopting.ts';
import { examiningCases } from './contract/examining.ts';
import { hookCases } from './contract/hooking.ts';
import { logCases } from './contract/logs.ts';
import { readingCases } from './contract/reading.ts';
import { refusalCases } from './contract/refusals.ts';
import { removalCases } from './contract/removal.ts';
import { sleepingCases } from './contract/sleeping.ts';
import { waitingCases } from './contract/waiting.ts';
import { watchingCases } from './contract/watching.ts';
import { baseline, engineDriver, newTarget } from './engine-driver.ts';
import { chartsFolder, nothing, podWith, realChart, sampleChart, widget } from './engine-fixtures.ts';
import { installLabel } from './owned-object.ts';
import type { InventoryEntry } from './port.ts';

/** What has tests of its own: shells on real containers, connections in cluster-connections' tests. */
const elsewhere = ['execPod', 'forget'];

const nowhere = formatKubeconfig({ context: 'nowhere', server: 'http://127.0.0.1:1', token: 'none' });

/**
 * @param kubeconfig undefined: there is no such cluster here, and the tests are skipped
 * @param options `schemas: false`: the cluster takes any field, as the simulated one does
 */
export function describeEngine(
  clusterName: string,
  kubeconfig: string | undefined,
  options: { schemas?: boolean } = {},
): void {
  const skip = kubeconfig === undefined;
  const driver = engineDriver(kubeconfig ?? nowhere);
  const { engine, cluster, changed, signal, render, deploy, becomeHealthy, remove } = driver;
  afterAll(() => driver[Symbol.asyncDispose]());

  // Side by side: each has its own namespace, and most of the time is waiting for one to empty.
  describe(`the engine on ${clusterName}`, { concurrent: true, skip }, () => {
    for (const cases of [
      waitingCases,
      refusalCases,
      removalCases,
      watchingCases,
      sleepingCases,
      logCases,
      hookCases,
      readingCases,
      adoptingCases,
      examiningCases,
    ])
      cases(driver);

    test('the sample chart: healthy, its hook run, its password kept, removed with a receipt', async () => {
      const target = newTarget();
      const rendered = await render(sampleChart(), target, { title: 'Grüße', size: 'medium' });
      const inventory = await deploy(target, rendered, {
        podSecurity: 'restricted',
        limits: { cpu: '2', memory: '2Gi' },
      });
      await becomeHealthy(target, inventory);
      expect(changed).toContain(target.installId);

      const namespace = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: target.namespace });
      expect(namespace?.metadata.labels).toMatchObject({
        [installLabel]: target.installId,
        'pod-security.kubernetes.io/enforce': 'restricted',
      });
      const [deployment] = await cluster.list(
        { apiVersion: 'apps/v1', kind: 'Deployment' },
        { namespace: target.namespace },
      );
      expect(deployment?.metadata).toMatchObject({
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: {
          'meta.helm.sh/release-name': target.releaseName,
          'meta.helm.sh/release-namespace': target.namespace,
        },
      });
      // An update renders another password; what is applied is the one of the release before.
      const again = await render(sampleChart(), target, { title: 'Neu', size: 'medium' });
      const fields = generatedFields(
        rendered.objects,
        (await render(sampleChart(), target, { title: 'Grüße', size: 'medium' })).objects,
      );
      expect(fields.map(({ pointer }) => pointer)).toEqual(['/data/password', '/data/htpasswd']);
      const carried = carryOver(again.objects, rendered.objects, fields);
      await engine.applyObjects(target, carried, signal);
      const data = async (kind: string) =>
        (await cluster.list({ apiVersion: 'v1', kind }, { namespace: target.namespace })).find(
          ({ metadata }) => metadata.name.endsWith('-sample'),
        )?.['data'];
      expect(await data('Secret')).toEqual(rendered.objects.find(({ kind }) => kind === 'Secret')?.['data']);
      expect(JSON.stringify(await data('ConfigMap'))).toContain('Neu');
      await becomeHealthy(target, inventory);
      // The hook was completed, so its policy has taken it away.
      expect(
        await cluster.list({ apiVersion: 'batch/v1', kind: 'Job' }, { namespace: target.namespace }),
      ).toEqual([]);
      const pods = await engine.listPods(target, signal);
      const web = pods.find(({ ready }) => ready);
      expect(web).toMatchObject({ phase: 'Running', containers: ['web'] });
      expect(await engine.podLogs(target, { pod: web?.name ?? '', tailLines: 5 }, signal)).toEqual(
        expect.any(String),
      );

      const receipt = await remove(target, inventory);
      for (const { kind } of rendered.objects) expect(receipt.join('\n')).toContain(`removed ${kind} `);
      expect(
        await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: target.namespace }),
      ).toBeUndefined();
    });

    test.skipIf(!chartsFolder).each(['podinfo', 'nats', 'vault', 'traefik'])(
      '%s (set CNAP_TEST_CHARTS): healthy, and removed without a trace',
      async (name) => {
        const target = newTarget();
        const inventory = await deploy(target, await render(realChart(name), target));
        await becomeHealthy(target, inventory);
        const receipt = await remove(target, inventory);
        expect(receipt.filter((line) => line.startsWith('kept'))).toEqual([]);
        expect(receipt).toHaveLength(inventory.length - 1); // its namespace is gone, too
      },
    );

    test('what another install has is refused, for good', async () => {
      const role: KubeObject = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: `cnap-shared-${process.pid}` },
        rules: [],
      };
      const [first, second] = [newTarget(), newTarget()];
      const { applied } = await engine.applyObjects(first, [role], signal);
      expect((await engine.applyObjects(second, [role], signal)).failure).toMatchObject({
        permanent: true,
        reason: 'OwnedByAnother',
      });
      // Written down before it was applied, it has no uid yet: only its owner removes it.
      const planned = applied.map((entry) => ({ ...entry, uid: '' }));
      await engine.removeObjects(second, planned, signal);
      expect(await cluster.get(only(applied))).toBeDefined();
      await engine.removeObjects(first, planned, signal);
      expect(await cluster.get(only(applied))).toBeUndefined();
    });

    test('a CRD is shared: it stays for the other install, and goes with the last one and its resources', async () => {
      const [first, second] = [newTarget(), newTarget()];
      const group = `t${process.pid}.example.com`;
      const rendered = { ...nothing, crds: [widgetCrd(group)], objects: [widget(group)] };
      const inventories = [await deploy(first, rendered), await deploy(second, rendered)];
      const kept = await remove(first, inventories[0] ?? []);
      expect(kept.join('\n')).toContain(
        `kept CustomResourceDefinition widgets.${group}: 1 other installs use it`,
      );
      const crd = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        name: `widgets.${group}`,
      };
      expect(await cluster.get(crd)).toBeDefined();
      const receipt = await remove(second, inventories[1] ?? []);
      expect(receipt.join('\n')).toContain(`removed CustomResourceDefinition widgets.${group}`);
      expect(await cluster.get(crd)).toBeUndefined();
    });

    test('what is invalid fails for good, and what is applied beside it is told', async () => {
      const target = newTarget();
      await engine.prepareNamespace(target, baseline, signal);
      const configMap = (name: string): KubeObject => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name },
        data: {},
      });
      const result = await engine.applyObjects(target, [configMap('good'), configMap('Not Good')], signal);
      expect(result.failure).toMatchObject({
        permanent: true,
        reason: 'Invalid',
        message: expect.stringContaining('ConfigMap Not Good'),
      });
      expect(result.applied.map(({ name }) => name)).toEqual(['good']);
      const unknown = await engine.applyObjects(
        target,
        [{ ...configMap('x'), apiVersion: 'no.such/v1', kind: 'Thing' }],
        signal,
      );
      expect(unknown.failure).toMatchObject({ permanent: true, reason: 'UnknownKind' });
      await remove(target, result.applied);
    });

    test.skipIf(options.schemas === false)('a field that no schema has is left out and told', async () => {
      const target = newTarget();
      await engine.prepareNamespace(target, baseline, signal);
      const { applied, warnings, failure } = await engine.applyObjects(
        target,
        [podWith({ nonsense: 1 })],
        signal,
      );
      expect(failure).toBeUndefined();
      expect(warnings).toEqual([
        'Pod x: .spec.containers[name="c"].nonsense does not exist and was left out',
      ]);
      await remove(target, applied);
    });
  });

  // Whoever adds a call to the engine adds its cases to the contract.
  test.skipIf(skip)(`every call of the engine was made on ${clusterName}`, () => {
    const missed = Object.keys(engine).filter((name) => !driver.called.has(name));
    expect(missed.filter((name) => !elsewhere.includes(name))).toEqual([]);
  });
}

function only(entries: InventoryEntry[]): InventoryEntry {
  const [entry] = entries;
  if (!entry || entries.length > 1) throw new Error(`${entries.length} entries, not one`);
  return entry;
}
