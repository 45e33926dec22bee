// How objects go: in which order, what holds them, what follows them, what stays.
import { expect, test } from 'vitest';

import { baseline, engineDriver, newTarget } from '../engine-driver.ts';
import { type Driver, configMap, deployment, statefulSet, volumeClaim } from './workloads.ts';

export function removalCases({
  engine,
  cluster,
  until,
  remove,
  becomeHealthy,
  signal,
  kubeconfig,
}: Driver): void {
  test('an object that a finalizer holds is told, and goes when it is let go', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const held = configMap('held', {}, { finalizers: ['example.com/holds'] });
    const { applied } = await engine.applyObjects(target, [held], signal);
    const result = await engine.removeObjects(target, applied, signal);
    expect(result.waiting).toMatchObject([
      { reason: 'Finalizers', message: expect.stringContaining('example.com/holds') },
    ]);
    const [entry] = applied;
    if (entry) await cluster.patch(entry, { metadata: { finalizers: null } });
    expect((await engine.removeObjects(target, result.left, signal)).left).toEqual([]);
    await remove(target, []);
  });

  test('a namespace says what holds it, and is never finalized by force', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: target.namespace, name: 'strange' };
    const strange = configMap(
      'strange',
      {},
      { namespace: target.namespace, finalizers: ['example.com/holds'] },
    );
    await cluster.create(strange);
    const told = await until(async () => {
      const { gone, waiting } = await engine.removeNamespace(target, signal);
      expect(gone).toBe(false);
      return waiting.find(({ reason }) => reason === 'NamespaceFinalizersRemaining');
    }, 'told');
    expect(told.message).toContain('example.com/holds in 1 resource instances');
    await cluster.patch(ref, { metadata: { finalizers: null } });
    await remove(target, []);
  });

  test('pods follow their workload; what the chart keeps, and what has another uid, stays', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const kept = configMap('kept', {}, { annotations: { 'helm.sh/resource-policy': 'keep' } });
    const objects = [deployment('web', { spec: { replicas: 2 } }), kept, configMap('remade')];
    const { applied } = await engine.applyObjects(target, objects, signal);
    await becomeHealthy(target, applied);
    expect(await engine.listPods(target, signal)).toHaveLength(2);

    const remade = applied.find(({ name }) => name === 'remade');
    if (!remade) throw new Error('not applied');
    expect(await cluster.delete(remade, { uid: remade.uid })).toBe('gone');
    await cluster.create(configMap('remade', {}, { namespace: target.namespace }));
    const first = await engine.removeObjects(target, applied, signal);
    expect(first.kept).toMatchObject([{ entry: { name: 'kept' } }]);
    await until(
      async () => ((await engine.listPods(target, signal)).length === 0 ? true : undefined),
      'no pods',
    );
    const left = (
      await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: target.namespace })
    )
      .map(({ metadata }) => metadata.name)
      .filter((name) => name !== 'kube-root-ca.crt');
    expect(left.toSorted()).toEqual(['kept', 'remade']);
    await remove(target, []);
  });

  test('claims that pods use outlive them; those that a StatefulSet made are told', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const mounted = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'shared' } }] };
    const { metadata, spec } = volumeClaim('own');
    const set = statefulSet('db', { pod: mounted, spec: { volumeClaimTemplates: [{ metadata, spec }] } });
    const { applied } = await engine.applyObjects(target, [volumeClaim('shared'), set], signal);
    await becomeHealthy(target, applied);
    const names = (await engine.listVolumeClaims(target, signal)).map(({ name }) => name);
    expect(names.toSorted()).toEqual(['own-db-0', 'shared']);

    const claim = applied.filter(({ kind }) => kind === 'PersistentVolumeClaim');
    const { left, waiting } = await engine.removeObjects(target, claim, signal);
    expect(left).toHaveLength(1);
    expect(waiting).toMatchObject([
      { reason: 'Finalizers', message: expect.stringContaining('kubernetes.io/pvc-protection') },
    ]);
    await until(async () => {
      const result = await engine.removeObjects(target, applied, signal);
      return result.left.length === 0 || undefined;
    }, 'both gone');
    expect((await engine.listVolumeClaims(target, signal)).map(({ name }) => name)).toEqual(['own-db-0']);
    await remove(target, applied);
  });

  test('finalizers of others are removed when they had their time, those of Kubernetes never', async () => {
    const target = newTarget();
    await using impatient = engineDriver(kubeconfig, { finalizersAfterMs: 1 });
    await engine.prepareNamespace(target, baseline, signal);
    const finalizers = ['example.com/holds', 'foregroundDeletion'];
    const { applied } = await engine.applyObjects(target, [configMap('held', {}, { finalizers })], signal);
    const waited = { since: new Date(0) };
    expect((await engine.removeObjects(target, applied, signal, waited)).forced).toEqual([]);
    // Told first.
    const { forced: told } = await until(async () => {
      const result = await impatient.engine.removeObjects(target, applied, signal, { ...waited, told: '' });
      return result.forced.length > 0 ? result : undefined;
    }, 'told');
    const held = { apiVersion: 'v1', kind: 'ConfigMap', namespace: target.namespace, name: 'held' };
    expect((await cluster.get(held, signal))?.metadata.finalizers).toContain('example.com/holds');
    const { forced } = await until(async () => {
      const result = await impatient.engine.removeObjects(target, applied, signal, waited);
      return result.forced.length > 0 ? result : undefined;
    }, 'forced');
    expect(forced).toEqual(told);
    expect(forced).toMatchObject([
      { ref: { name: 'held' }, message: expect.stringMatching(/ was held by example.com\/holds$/) },
    ]);
    // The garbage collector sees to its own.
    await until(async () => {
      const { left } = await engine.removeObjects(target, applied, signal, waited);
      return left.length === 0 || undefined;
    }, 'gone');

    const strange = { namespace: target.namespace, finalizers: ['example.com/holds'] };
    await cluster.create(configMap('strange', {}, strange));
    await until(
      async () => (await impatient.engine.removeNamespace(target, signal, waited)).gone || undefined,
      'the namespace is gone',
    );
  });
}
