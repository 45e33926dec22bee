// What the installer's reconciler does with the engine, in short, for tests.
import { type Rendered, renderChart } from '@cnap/helm';
import { connect, describeRef, parseKubeconfig } from '@cnap/kubernetes';

import { createEngine } from './engine.ts';
import { chunksOf, installOrder, splitCrds, withApplied } from './order.ts';
import type { Engine, HookProgress, InventoryEntry, NamespaceSettings, Target } from './port.ts';

export const baseline: NamespaceSettings = { podSecurity: 'baseline' };
const clusterId = 'clu_test';

let serial = 0;
/** An install of its own. */
export function newTarget(): Target {
  serial += 1;
  const suffix = `${process.pid.toString(36)}${serial.toString(36)}`.padStart(12, '0');
  return {
    clusterId,
    installId: `ins_${suffix}`,
    namespace: `cnap-${suffix}`,
    releaseName: `cnap-${suffix}`,
  };
}

/** The engine on one cluster, and ways to deploy and remove with it. */
export function engineDriver(kubeconfig: string, options: { finalizersAfterMs?: number } = {}) {
  const { signal } = new AbortController();
  const changed: string[] = [];
  const wakeUps = new Set<() => void>();
  const cluster = connect(parseKubeconfig(kubeconfig));
  const called = new Set<string>();
  const engine = recording(
    called,
    createEngine({
      ...options,
      loadKubeconfig: () => Promise.resolve(kubeconfig),
      onInstallChanged: (_cluster, installId) => {
        changed.push(installId);
        for (const wake of wakeUps) wake();
      },
    }),
  );

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
  async function deploy(target: Target, rendered: Rendered, settings = baseline): Promise<InventoryEntry[]> {
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
    const again = await engine.removeObjects(
      target,
      inventory.filter((entry) => !entry.keep),
      signal,
    );
    if (again.left.length > 0) throw new Error('something is still there');
    return receipt;
  }

  return {
    kubeconfig,
    engine,
    /** Methods of the engine that were called. */
    called,
    cluster,
    changed,
    signal,
    until,
    render,
    deploy,
    becomeHealthy,
    remove,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function recording(called: Set<string>, engine: Engine): Engine {
  return new Proxy(engine, {
    get(target, name) {
      if (typeof name === 'string') called.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
}
