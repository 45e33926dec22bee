// Every change that somebody makes is a fact that says who: the audit log is made of them.
import { startKubesim } from '@cnap/kubesim';
import { eventually } from '@cnap/testing';
import { afterAll, expect, test } from 'vitest';
import { readFacts } from './facts.ts';
import { startTestClusters } from './test-clusters.ts';

const testClusters = await startTestClusters();
afterAll(() => testClusters[Symbol.asyncDispose]());

test('every change names who made it', async () => {
  await using kubesim = await startKubesim();
  const { clusters, regions } = testClusters.as('owner');
  const { region } = await regions.createRegion({ name: 'Frankfurt' });
  const regionId = region?.id ?? '';
  await regions.updateRegion({ id: regionId, name: 'Berlin' });
  const { cluster } = await clusters.importCluster({ name: 'One', regionId, kubeconfig: kubesim.kubeconfig });
  const id = cluster?.id ?? '';
  await clusters.updateCluster({ id, name: 'Two' });
  await clusters.deleteCluster({ id });
  await regions.deleteRegion({ id: regionId });
  await eventually(async () => {
    const facts = await readFacts(testClusters.nats);
    const byPeople = facts.filter(({ actor }) => /usr_/.test(actor));
    expect(byPeople.map(({ type }) => type.replace('clusters.v1.', ''))).toEqual([
      'region.created',
      'region.updated',
      'cluster.created',
      'cluster.running',
      'cluster.updated',
      'cluster.deleted',
      'region.deleted',
    ]);
  });
});
