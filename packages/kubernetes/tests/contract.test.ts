import { startKubesim } from '@cnap/kubesim';
import { realKubernetes } from '@cnap/testing';
import { afterAll, describe, expect, test } from 'vitest';

import { type Cluster, connect, formatKubeconfig, parseKubeconfig } from '../src/index.ts';
import { type Case, calls, mapAt, own } from './cluster-contract.ts';
import { watching } from './watch-contract.ts';

/** The same on both; where they differ, kubesim is wrong. */
const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());
const simulated = parts.use(await startKubesim());
const real = await realKubernetes();
if (real) parts.use(real);

const nowhere = formatKubeconfig({ context: 'nowhere', server: 'http://127.0.0.1:1', token: 'none' });
let serial = 0;

describe.each([
  { where: 'kubesim', kubeconfig: simulated.kubeconfig },
  { where: 'a real control plane', kubeconfig: real?.kubeconfig },
])('on $where', ({ kubeconfig = nowhere }) => {
  const skip = kubeconfig === nowhere;
  const called = new Set<string | symbol>();
  const open = parts.use(connect(parseKubeconfig(kubeconfig)));
  const cluster = new Proxy<Cluster>(open, {
    get(target, name) {
      called.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
  const cases: Record<string, Case> = { ...calls, ...watching };

  describe.concurrent('a case in a namespace of its own', () => {
    test.skipIf(skip).each(Object.entries(cases))('%s', async (_, run) => {
      serial += 1;
      const namespace = `cnap-${process.pid.toString(36)}-${serial}`;
      const metadata = { name: namespace };
      const made = await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata }, own);
      expect(made).toMatchObject({ metadata });
      try {
        await run(cluster, namespace, kubeconfig);
      } finally {
        await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
      }
    });
  });

  test.skipIf(skip)('access questions are answered in order, and so is who asks', async () => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    expect(await cluster.request('POST', path, { body: review })).toMatchObject({
      status: { userInfo: { groups: expect.arrayContaining(['system:masters']) } },
    });
    const answers = await cluster.accessReview([
      { verb: 'create', group: 'apps', resource: 'deployments', namespace: 'default' },
      { verb: 'list', group: '', resource: 'pods' },
      { verb: 'get', group: '', resource: 'pods', subresource: 'log' },
    ]);
    expect(answers).toMatchObject([
      { resource: 'deployments', allowed: true },
      { resource: 'pods', allowed: true },
      { subresource: 'log', allowed: true },
    ]);
    expect(await cluster.text('GET', '/readyz')).toBe('ok');
    await expect(cluster.request('GET', '/api/v1/nothings')).rejects.toMatchObject({
      code: 404,
      reason: 'NotFound',
    });
    const strange = connect({ ...parseKubeconfig(kubeconfig), token: 'nonsense' });
    await expect(strange.get(mapAt('default', 'x'))).rejects.toMatchObject({
      code: 401,
      reason: 'Unauthorized',
      unavailable: false,
    });
    await strange[Symbol.asyncDispose]();
  });

  // Shells have tests of their own, the rest of which is with real containers.
  test.skipIf(skip)('every call was made', () => {
    expect(
      Object.keys(open).filter((name) => !called.has(name) && name !== 'exec' && name !== 'server'),
    ).toEqual([]);
  });
});
