import { type AddressInfo, createServer } from 'node:net';

import { startKubesim } from '@cnap/kubesim';
import { formatKubeconfig } from '@cnap/kubernetes';
import { realKubernetes } from '@cnap/testing';
import { afterAll, expect, test } from 'vitest';

import { describeEngine } from './engine-contract.ts';
import { createEngine } from './engine.ts';

const real = await realKubernetes();
const simulated = await startKubesim();
describeEngine('a real control plane', real?.kubeconfig);
describeEngine('kubesim', simulated.kubeconfig, { schemas: false });
afterAll(async () => {
  await real?.[Symbol.asyncDispose]();
  await simulated[Symbol.asyncDispose]();
});

test('a cluster that does not answer costs one deadline, then nothing: waiting is an answer', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const { port } = silent.address() as AddressInfo;
  const text = formatKubeconfig({ context: 'c', server: `http://127.0.0.1:${port}`, token: 't' });
  await using engine = createEngine({
    loadKubeconfig: () => Promise.resolve(text),
    onInstallChanged: () => undefined,
    callTimeoutMs: 100,
  });
  const { signal } = new AbortController();
  const target = { clusterId: 'clu_x', installId: 'ins_x', namespace: 'cnap-x', releaseName: 'cnap-x' };
  const step = () => engine.removeNamespace(target, signal);
  for (let failure = 0; failure < 3; failure += 1) {
    await expect(step()).rejects.toMatchObject({
      name: 'ClusterUnavailable',
      message: expect.stringContaining('did not answer in time'),
    });
  }
  await expect(step()).rejects.toMatchObject({
    message: 'the cluster does not answer',
    retryAfterMs: expect.any(Number),
  });
  silent.close();
});

test('a cluster with enough to do says so at once', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const { port } = silent.address() as AddressInfo;
  const text = formatKubeconfig({ context: 'c', server: `http://127.0.0.1:${port}`, token: 't' });
  await using engine = createEngine({
    loadKubeconfig: () => Promise.resolve(text),
    onInstallChanged: () => undefined,
    budget: 2,
    callTimeoutMs: 500,
  });
  const { signal } = new AbortController();
  const step = () => engine.capabilities('clu_x', signal);
  const waiting = [step(), step()];
  await expect(step()).rejects.toMatchObject({ message: 'the cluster has enough to do' });
  await Promise.allSettled(waiting);
  silent.close();
});
