// What the engine needs of a cluster, as tests that run on any: the real one and the simulated one.
import { type Rendered, carryOver, generatedFields, renderChart } from '@cnap/helm';
import { type Cluster, type KubeObject, connect, describeRef, parseKubeconfig } from '@cnap/kubernetes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  chartsFolder,
  nothing,
  podWith,
  realChart,
  sampleChart,
  widget,
  widgetCrd,
} from './engine-fixtures.ts';
import { createEngine } from './engine.ts';
import { chunksOf, installOrder, splitCrds, withApplied } from './order.ts';
import { installLabel } from './owned-object.ts';
import type { Engine, HookProgress, InventoryEntry, NamespaceSettings, Target } from './port.ts';

const baseline: NamespaceSettings = { podSecurity: 'baseline' };
const clusterId = 'clu_test';

let serial = 0;
function newTarget(): Target {
  serial += 1;
  const suffix = `${process.pid.toString(36)}${serial.toString(36)}`.padStart(12, '0');
  return {
    clusterId,
    installId: `ins_${suffix}`,
    namespace: `cnap-${suffix}`,
    releaseName: `cnap-${suffix}`,
  };
}

/**
 * @param kubeconfig undefined: there is no such cluster here, and the tests are skipped
 * @param options `schemas: false`: the cluster takes any field, as the simulated one does
 */
export function describeEngine(
  clusterName: string,
  kubeconfig: string | undefined,
  options: { schemas?: boolean } = {},
): void {
  describe.skipIf(kubeconfig === undefined)(`the engine on ${clusterName}`, () => {
    const { signal } = new AbortController();
    const changed: string[] = [];
    const wakeUps = new Set<() => void>();
    let engine: Engine;
    let cluster: Cluster;

    beforeAll(() => {
      const text = kubeconfig ?? '';
      cluster = connect(parseKubeconfig(text));
      engine = createEngine({
        loadKubeconfig: () => Promise.resolve(text),
        onInstallChanged: (_cluster, installId) => {
          changed.push(installId);
          for (const wake of wakeUps) wake();
        },
      });
    });
    afterAll(async () => {
      await engine?.[Symbol.asyncDispose]();
      await cluster?.[Symbol.asyncDispose]();
    });

    /** Looks again whenever the watch says that something changed, and now and then by itself. */
    async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
      const deadline = AbortSignal.timeout(45_000);
      for (;;) {
        const found = await look();
        if (found !== undefined) return found;
        if (deadline.aborted) throw new Error(`${what}: not within 45 s`);
        await new Promise<void>((done) => {
          const timer = setTimeout(wake, 500);
          function wake() {
            clearTimeout(timer);
            wakeUps.delete(wake);
            done();
          }
          wakeUps.add(wake);
        });
      }
    }

    async function render(
      chart: Uint8Array | string,
      target: Target,
      values: Record<string, unknown> = {},
    ): Promise<Rendered> {
      const { kubeVersion, apiVersions } = await engine.capabilities(clusterId, signal);
      const { releaseName, namespace } = target;
      return renderChart({ chart, releaseName, namespace, values, kubeVersion, apiVersions, signal });
    }

    async function hooks(
      target: Target,
      rendered: Rendered,
      event: 'pre-install' | 'post-install',
    ): Promise<InventoryEntry[]> {
      let progress: HookProgress = { completed: [] };
      const applied: InventoryEntry[] = [];
      await until(async () => {
        for (;;) {
          const step = await engine.runHooks(target, rendered.hooks, event, 'run-1', progress, signal);
          ({ progress } = step);
          applied.push(...step.applied);
          if (step.state === 'failed') throw new Error(step.message);
          if (step.state === 'done') return true;
          if (step.state === 'waiting') return undefined;
        }
      }, event);
      return applied;
    }

    /** What the reconciler does, every step of it twice. */
    async function deploy(
      target: Target,
      rendered: Rendered,
      settings = baseline,
    ): Promise<InventoryEntry[]> {
      let inventory: InventoryEntry[] = [];
      const twice = async (work: () => ReturnType<Engine['applyObjects']>) => {
        await work();
        const { applied, failure } = await work();
        if (failure) throw new Error(failure.message);
        inventory = withApplied(inventory, applied);
      };
      await twice(() => engine.prepareNamespace(target, settings, signal));
      const { crds, rest } = splitCrds([...rendered.crds, ...rendered.objects]);
      await until(async () => {
        const result = await engine.applyCrds(target, crds, signal);
        if (result.failure) throw new Error(result.failure.message);
        inventory = withApplied(inventory, result.applied);
        return result.established || undefined;
      }, 'CRDs');
      inventory = withApplied(inventory, await hooks(target, rendered, 'pre-install'));
      for (const chunk of chunksOf(installOrder(rest), 20))
        await twice(() => engine.applyObjects(target, chunk, signal));
      return withApplied(inventory, await hooks(target, rendered, 'post-install'));
    }

    async function becomeHealthy(target: Target, inventory: InventoryEntry[]): Promise<void> {
      let last = '';
      await until(async () => {
        const health = await engine.observeHealth(target, inventory, signal);
        last = health.message;
        return health.state === 'current' || undefined;
      }, 'healthy').catch(async (error: unknown) => {
        throw new Error(`${last} ${JSON.stringify(await engine.explainWaiting(target, signal))}`, {
          cause: error,
        });
      });
    }

    /** Everything gone, with a receipt: a line per object. */
    async function remove(target: Target, inventory: InventoryEntry[]): Promise<string[]> {
      const receipt: string[] = [];
      let left = inventory;
      await until(async () => {
        const result = await engine.removeObjects(target, left, signal);
        receipt.push(...result.removed.map((entry) => `removed ${describeRef(entry)}`));
        receipt.push(...result.kept.map(({ entry, why }) => `kept ${describeRef(entry)}: ${why}`));
        left = result.left;
        return left.length === 0 || undefined;
      }, 'objects removed');
      await until(
        async () => (await engine.removeNamespace(target, signal)).gone || undefined,
        'namespace removed',
      );
      expect(
        await engine.removeObjects(
          target,
          inventory.filter((entry) => !entry.keep),
          signal,
        ),
      ).toMatchObject({ left: [] });
      return receipt;
    }

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

    test('an object that a finalizer holds is told, and goes when it is let go', async () => {
      const target = newTarget();
      await engine.prepareNamespace(target, baseline, signal);
      const held: KubeObject = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'held', finalizers: ['example.com/holds'] },
      };
      const { applied } = await engine.applyObjects(target, [held], signal);
      const result = await engine.removeObjects(target, applied, signal);
      expect(result.waiting).toMatchObject([
        { reason: 'Finalizers', message: expect.stringContaining('example.com/holds') },
      ]);
      await cluster.patch(only(applied), { metadata: { finalizers: null } });
      expect((await engine.removeObjects(target, result.left, signal)).left).toEqual([]);
      await remove(target, []);
    });

    test('a pod that fits nowhere says which resource is short', async () => {
      const target = newTarget();
      await engine.prepareNamespace(target, baseline, signal);
      const { applied } = await engine.applyObjects(
        target,
        [podWith({ resources: { requests: { cpu: '9000' } } })],
        signal,
      );
      const waiting = await until(async () => (await engine.explainWaiting(target, signal))[0], 'explained');
      expect(waiting).toMatchObject({
        reason: 'Unschedulable',
        message: expect.stringContaining('No node has enough cpu free'),
      });
      expect((await engine.observeHealth(target, applied, signal)).state).toBe('progressing');
      await remove(target, applied);
    });

    test('pods that Pod Security refuses are explained', async () => {
      const target = newTarget();
      await engine.prepareNamespace(target, baseline, signal);
      const { spec } = podWith({ securityContext: { privileged: true } }) as KubeObject & { spec: object };
      const labels = { app: 'x' };
      const daemonSet = {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'x' },
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      };
      const { applied } = await engine.applyObjects(target, [daemonSet], signal);
      const waiting = await until(async () => (await engine.explainWaiting(target, signal))[0], 'explained');
      expect(waiting).toMatchObject({ reason: 'PodSecurity', ref: { kind: 'DaemonSet', name: 'x' } });
      await remove(target, applied);
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
}

function only(entries: InventoryEntry[]): InventoryEntry {
  const [entry] = entries;
  if (!entry || entries.length > 1) throw new Error(`${entries.length} entries, not one`);
  return entry;
}
