// What the API server refuses, to whom, and what becomes of the step.
import { formatKubeconfig, parseKubeconfig } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { baseline, engineDriver, newTarget } from '../engine-driver.ts';
import { aPoorUser } from './poor-user.ts';
import { type Driver, configMap, deployment, job, statefulSet } from './workloads.ts';

export function refusalCases({ engine, cluster, until, remove, signal, kubeconfig }: Driver): void {
  test('fields that cannot change fail for good, and name the field', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const before = [
      deployment('d', { spec: { replicas: 0 } }),
      statefulSet('s', { spec: { replicas: 0 } }),
      job('j', { spec: { suspend: true } }),
    ];
    const { applied } = await engine.applyObjects(target, before, signal);
    expect(applied).toHaveLength(3);
    const changed = [
      [
        deployment('d', { spec: { replicas: 0, selector: { matchLabels: { app: 'other' } } } }),
        'spec.selector',
      ],
      [statefulSet('s', { spec: { replicas: 0, serviceName: 'other' } }), 'updates to statefulset spec'],
      [
        job('j', { image: 'example.com/app:2', spec: { suspend: true, completions: 2 } }),
        'field is immutable',
      ],
    ] as const;
    for (const [object, words] of changed) {
      const { failure } = await engine.applyObjects(target, [object], signal);
      expect(failure).toMatchObject({
        permanent: true,
        reason: expect.stringMatching(/^(Invalid|Immutable)$/),
        message: expect.stringContaining(words),
      });
    }
    await remove(target, applied);
  });

  test('a namespace that is going, or not there, is no failure for good', async () => {
    const target = newTarget();
    const missing = await engine.applyObjects(target, [configMap('a')], signal);
    expect(missing.failure).toMatchObject({ permanent: false, reason: 'NotFound' });
    await engine.prepareNamespace(target, baseline, signal);
    const held = configMap('held', {}, { finalizers: ['example.com/holds'] });
    const { applied } = await engine.applyObjects(target, [held], signal);
    expect((await engine.removeNamespace(target, signal)).gone).toBe(false);
    const late = await engine.applyObjects(target, [configMap('late')], signal);
    expect(late.failure).toMatchObject({
      permanent: false,
      reason: 'Forbidden',
      message: expect.stringContaining('because it is being terminated'),
    });
    const [entry] = applied;
    if (entry) await cluster.patch(entry, { metadata: { finalizers: null } });
    await remove(target, applied);
  });

  test('somebody with few rights is told which are missing, and what he may do he does', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const user = await aPoorUser(cluster, target.namespace, [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'create', 'patch'] },
    ]);
    await using poor = engineDriver(user.kubeconfig(kubeconfig));
    const { applied } = await until(async () => {
      const result = await poor.engine.applyObjects(target, [configMap('mine')], signal);
      return result.failure ? undefined : result; // the API server takes a moment to notice the role
    }, 'the role counts');
    expect(applied).toMatchObject([{ kind: 'ConfigMap', name: 'mine', uid: expect.stringMatching(/./) }]);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'no' } };
    const { failure } = await poor.engine.applyObjects(target, [secret], signal);
    expect(failure).toMatchObject({
      permanent: true,
      reason: 'Forbidden',
      message: expect.stringContaining(
        `User "${user.name}" cannot patch resource "secrets" in API group "" in the namespace "${target.namespace}"`,
      ),
    });
    const forbidden = { code: 403, reason: 'Forbidden' };
    await expect(poor.engine.removeObjects(target, applied, signal)).rejects.toMatchObject(forbidden);
    await expect(poor.engine.listPods(target, signal)).rejects.toMatchObject(forbidden);
    await expect(poor.engine.removeNamespace(target, signal)).rejects.toMatchObject(forbidden);
    expect(
      await poor.cluster.accessReview([
        { verb: 'patch', group: '', resource: 'configmaps', namespace: target.namespace },
        { verb: 'delete', group: '', resource: 'configmaps', namespace: target.namespace },
        { verb: 'patch', group: '', resource: 'configmaps' },
        { verb: '*', group: '*', resource: '*' },
      ]),
    ).toMatchObject([{ allowed: true }, { allowed: false }, { allowed: false }, { allowed: false }]);
    await remove(target, applied);
  });

  test('credentials that are not accepted are said to be so', async () => {
    const config = parseKubeconfig(kubeconfig);
    const { server, ca } = config;
    const text = formatKubeconfig({ context: 'c', server, ...(ca && { ca }), token: 'nonsense' });
    await using nobody = engineDriver(text);
    await expect(nobody.engine.listPods(newTarget(), signal)).rejects.toMatchObject({
      name: 'ClusterUnavailable',
      message: 'the cluster refuses the credentials',
    });
  });
}
