// What the cluster's watches tell without being asked, and what drift is made of.
import type { Cluster, KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { compareObjects } from '../drift.ts';
import { baseline, engineDriver, newTarget } from '../engine-driver.ts';
import type { InventoryEntry } from '../port.ts';
import { aPoorUser } from './poor-user.ts';
import { type Driver, configMap, deployment, job } from './workloads.ts';

export function watchingCases(driver: Driver): void {
  const { engine, cluster, changed, until, remove, becomeHealthy, signal } = driver;
  const person = { fieldManager: 'kubectl-edit' };
  const namesOf = (entries: InventoryEntry[]) => entries.map(({ name }) => name).toSorted();

  test('objects that somebody touched are known without a request; those as applied are not', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const objects = [
      configMap('same', { a: '1' }),
      configMap('edited', { a: '1' }),
      configMap('gone'),
      deployment('web'),
    ];
    const { applied } = await engine.applyObjects(target, objects, signal);
    const suspected = async (names: string[]) => {
      await until(async () => {
        const { suspects, lookAgainMs } = engine.suspects(target, applied);
        // Asked to look again: the watches have not told everything yet.
        return (lookAgainMs === undefined && namesOf(suspects).join() === names.join()) || undefined;
      }, names.join() || 'none');
    };
    await becomeHealthy(target, applied);
    await suspected([]);
    const at = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: target.namespace, name });
    changed.length = 0;
    await cluster.patch(at('edited'), { data: { a: '2' } }, person);
    await cluster.patch(at('same'), { data: { his: 'own' } }, person); // no field of ours
    await cluster.delete(at('gone'));
    await suspected(['edited', 'gone']);
    await until(async () => changed.includes(target.installId) || undefined, 'woken');
    expect(namesOf(engine.suspects(target, applied).suspects)).toEqual(['edited', 'gone']);
    await remove(target, applied);
  });

  test('a comparison changes nothing and names who changed what; a correction makes it as it was', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const objects = [
      configMap('same', { a: '1' }),
      configMap('edited', { a: '1', b: '1' }),
      configMap('gone'),
      configMap('going', {}, { finalizers: ['example.com/holds'] }),
      deployment('scaled', { spec: { replicas: 1 } }),
    ];
    const { applied } = await engine.applyObjects(target, objects, signal);
    const at = (kind: string, name: string) => ({
      apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
      kind,
      namespace: target.namespace,
      name,
    });
    await cluster.patch(at('ConfigMap', 'edited'), { data: { a: '2', c: '3' } }, person);
    await cluster.patch(
      at('Deployment', 'scaled'),
      { spec: { replicas: 2 } },
      { ...person, subresource: 'scale' },
    );
    await cluster.delete(at('ConfigMap', 'gone'));
    expect(await cluster.delete(at('ConfigMap', 'going'))).toBe('going');

    const compare = async () => {
      const pairs = objects.map((object) => {
        const entry = applied.find(({ name }) => name === object.metadata.name);
        if (!entry) throw new Error(`${object.metadata.name} was not applied`);
        return { object, entry };
      });
      const compared = await engine.compareObjects(target, pairs, signal);
      return new Map(compared.map((one) => [one.ref.name, one]));
    };
    const version = async () => (await cluster.get(at('ConfigMap', 'edited')))?.metadata.resourceVersion;
    const before = await version();
    const found = await compare();
    expect(await version()).toBe(before);
    expect(Object.fromEntries([...found].map(([name, one]) => [name, one.found]))).toEqual({
      same: 'same',
      edited: 'changed',
      gone: 'removed',
      going: 'going',
      scaled: 'changed',
    });
    expect(found.get('edited')?.changes).toMatchObject([
      { path: '.data.a', found: '2', wanted: '1', manager: 'kubectl-edit' },
    ]);
    expect(found.get('scaled')?.changes).toMatchObject([{ path: '.spec.replicas', found: 2, wanted: 1 }]);

    const corrections = [...found.values()].flatMap(({ apply }): KubeObject[] => (apply ? [apply] : []));
    const { failure } = await engine.correctObjects(target, corrections, signal);
    expect(failure).toBeUndefined();
    expect((await cluster.get(at('ConfigMap', 'edited')))?.['data']).toEqual({ a: '1', b: '1', c: '3' });
    const after = await compare();
    for (const name of ['same', 'edited', 'gone', 'scaled']) expect(after.get(name)?.found).toBe('same');
    await cluster.patch(at('ConfigMap', 'going'), { metadata: { finalizers: null } });
    await remove(target, applied);
  });

  test('what somebody writes while it is compared is no difference', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const object = configMap('busy');
    const { applied } = await engine.applyObjects(target, [object], signal);
    const [entry] = applied;
    if (!entry) throw new Error('not applied');
    await cluster.patch(entry, { metadata: { annotations: { user: 'one' } } });
    let written = false;
    const busy: Cluster = {
      ...cluster,
      async get(ref, options) {
        const found = await cluster.get(ref, options);
        if (!written) await cluster.patch(ref, { metadata: { annotations: { user: null } } });
        written = true;
        return found;
      },
    };
    expect(await compareObjects(busy, target, [{ object, entry }], signal)).toMatchObject([
      { found: 'same', changes: [] },
    ]);
    await remove(target, applied);
  });

  test('what an autoscaler owns is no drift, and a finished job that removes itself neither', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const web = deployment('web', { spec: { replicas: 1 } });
    const scaler: KubeObject = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 5,
      },
    };
    const work = job('work', { spec: { ttlSecondsAfterFinished: 600 } });
    const { applied } = await engine.applyObjects(target, [web, scaler, work], signal);
    const scale = { subresource: 'scale', fieldManager: 'kube-controller-manager' };
    const at = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: target.namespace, name: 'web' };
    await cluster.patch(at, { spec: { replicas: 3 } }, scale);
    const entryOf = (kind: string) => {
      const entry = applied.find((one) => one.kind === kind);
      if (!entry) throw new Error(`no ${kind}`);
      return entry;
    };
    await cluster.delete(entryOf('Job'));
    await until(async () => ((await cluster.get(entryOf('Job'))) ? undefined : true), 'the job is gone');
    const pairs = [
      { object: web, entry: entryOf('Deployment') },
      { object: work, entry: entryOf('Job') },
    ];
    const compared = await engine.compareObjects(target, pairs, signal);
    expect(compared).toMatchObject([
      { found: 'same', changes: [] },
      { found: 'same', changes: [], entry: { leave: true } },
    ]);
    await remove(target, applied);
  });

  test('an object elsewhere that is another install’s by now is not touched', async () => {
    const [first, second] = [newTarget(), newTarget()];
    await engine.prepareNamespace(first, baseline, signal);
    const role: KubeObject = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `${first.namespace}-taken` },
      rules: [],
    };
    const { applied } = await engine.applyObjects(first, [role], signal);
    await engine.removeObjects(first, applied, signal);
    const theirs = await engine.applyObjects(second, [role], signal);
    const [entry] = applied;
    if (!entry) throw new Error('not applied');
    expect(await engine.compareObjects(first, [{ object: role, entry }], signal)).toMatchObject([
      { found: 'taken', changes: [] },
    ]);
    await engine.removeObjects(second, theirs.applied, signal);
    await remove(first, []);
  });

  test('a kind that may not be watched is looked at one by one, now and then', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const user = await aPoorUser(cluster, target.namespace, [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch'] },
    ]);
    await using poor = engineDriver(user.kubeconfig(driver.kubeconfig));
    const { applied } = await until(async () => {
      const result = await poor.engine.applyObjects(target, [configMap('a')], signal);
      return result.failure ? undefined : result;
    }, 'the role counts');
    const told = await until(async () => {
      const suspicion = poor.engine.suspects(target, applied);
      return suspicion.suspects.length > 0 ? suspicion : undefined;
    }, 'its patience ends');
    expect(told).toMatchObject({ suspects: [{ name: 'a' }], lookAgainMs: 60_000 });
    expect(poor.engine.suspects(target, applied).suspects).toEqual([]);
    await remove(target, applied);
  });
}
