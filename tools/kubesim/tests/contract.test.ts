import { randomBytes } from 'node:crypto';
import { realKubernetes } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startKubesim } from '../src/index.ts';
import { applying } from './contract-applying.ts';
import { defining } from './contract-custom.ts';
import { deleting, running } from './contract-lifecycle.ts';
import type { Case } from './contract-objects.ts';
import { behaving } from './contract-pods.ts';
import { reading } from './contract-reading.ts';
import { refusing } from './contract-refusals.ts';
import { writing } from './contract-writing.ts';
import type { Target } from './target.ts';
import { openTarget } from './target.ts';

/**
 * The same cases against kubesim, always, and against a real control plane where CNAP_TEST_KUBECONFIG or
 * KUBEBUILDER_ASSETS names one. Where they differ, kubesim is wrong.
 */
const real = await realKubernetes();
const clusters = {
  kubesim: () => startKubesim(),
  'a real control plane': () => real,
};
const cases: Record<string, Case> = {
  ...writing,
  ...applying,
  ...deleting,
  ...running,
  ...reading,
  ...refusing,
  ...defining,
  ...behaving,
};

describe.each(Object.entries(clusters))('%s', (name, start) => {
  const isReal = name !== 'kubesim';
  let target: Target;
  let cluster: (AsyncDisposable & { kubeconfig: string }) | undefined;
  beforeAll(async () => {
    cluster = await start();
    if (cluster) target = openTarget(cluster.kubeconfig);
  });
  afterAll(async () => cluster?.[Symbol.asyncDispose]());

  test.skipIf(isReal && !real).each(Object.entries(cases))('%s', async (_, run) => {
    const namespace = `contract-${randomBytes(4).toString('hex')}`;
    const made = await target.call('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    expect(made.code).toBe(201);
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    await target.eventually(async () => (await target.call('GET', account)).code === 200);
    const certificate = `/api/v1/namespaces/${namespace}/configmaps/kube-root-ca.crt`;
    await target.eventually(async () => (await target.call('GET', certificate)).code === 200);
    try {
      await run(target, namespace);
    } finally {
      await target.call('DELETE', `/api/v1/namespaces/${namespace}`);
    }
  });
});
