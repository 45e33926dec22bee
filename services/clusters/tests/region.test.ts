import { Code } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { startKubesim } from '@cnap/kubesim';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, expect, test } from 'vitest';
import { readFacts } from './facts.ts';
import { startTestClusters } from './test-clusters.ts';

const clusters = await startTestClusters();
afterAll(() => clusters[Symbol.asyncDispose]());
const { regions } = clusters.as('member');

test('a region is made, read, changed and deleted', async () => {
  const made = (await regions.createRegion({ name: 'Frankfurt', icon: '🏦', country: 'DE' })).region;
  const id = made?.id ?? '';
  expect(made).toMatchObject({ name: 'Frankfurt', icon: '🏦', country: 'DE' });
  expect((await clusters.as('viewer').regions.getRegion({ id })).region).toEqual(made);

  const changed = (await regions.updateRegion({ id, name: 'Francfort', etag: made?.etag ?? '' })).region;
  expect(changed).toMatchObject({ name: 'Francfort', icon: '🏦', country: 'DE' });
  for (const etag of [made?.etag ?? '', 'none of ours', '9'.repeat(40)]) {
    await expectError(regions.updateRegion({ id, name: 'Late', etag }), Code.Aborted, 'ETAG_MISMATCH');
  }
  await regions.deleteRegion({ id });
  await expectError(regions.getRegion({ id }), Code.NotFound, 'REGION_NOT_FOUND');
  await expectError(regions.deleteRegion({ id }), Code.NotFound, 'REGION_NOT_FOUND');
  await eventually(async () => {
    const facts = (await readFacts(clusters.nats)).filter(({ resourceId }) => resourceId === id);
    expect(facts.map(({ type, version }) => [type, version])).toEqual([
      ['clusters.v1.region.created', 1],
      ['clusters.v1.region.updated', 2],
      ['clusters.v1.region.deleted', 3],
    ]);
  });
});

test('it is made once per request id', async () => {
  const request = { name: 'Once', requestId: newId('req') };
  const [first, second] = [await regions.createRegion(request), await regions.createRegion(request)];
  expect(second).toEqual(first);
});

test('names are unique in a workspace, and only there', async () => {
  await regions.createRegion({ name: 'Unique' });
  const other = (await regions.createRegion({ name: 'Other' })).region?.id ?? '';
  const error = await expectError(
    regions.createRegion({ name: 'Unique' }),
    Code.AlreadyExists,
    'REGION_ALREADY_EXISTS',
  );
  expect(error.fields).toEqual([{ field: 'name', description: 'must be unique in the workspace' }]);
  await expectError(
    regions.updateRegion({ id: other, name: 'Unique' }),
    Code.AlreadyExists,
    'REGION_ALREADY_EXISTS',
  );
  await clusters.as('stranger').regions.createRegion({ name: 'Unique' });
});

test.each([
  { name: '' },
  { name: 'x'.repeat(101) },
  { name: 'x', country: 'Germany' },
  { name: 'x', icon: 'i'.repeat(501) },
])('bad input is refused: %o', async (request) => {
  const error = await expectError(regions.createRegion(request), Code.InvalidArgument);
  expect(error.fields).toHaveLength(1);
});

test('lists are read in pages, newest first', async () => {
  for (const name of ['p1', 'p2', 'p3']) await regions.createRegion({ name });
  const first = await regions.listRegions({ pageSize: 2 });
  expect(first.regions.map(({ name }) => name)).toEqual(['p3', 'p2']);
  const second = await regions.listRegions({ pageSize: 2, pageToken: first.nextPageToken });
  expect(second.regions[0]?.name).toBe('p1');
});

test('a viewer reads only', async () => {
  const viewer = clusters.as('viewer').regions;
  expect((await viewer.listRegions({})).regions.length).toBeGreaterThan(0);
  const error = await expectError(viewer.createRegion({ name: 'v' }), Code.PermissionDenied);
  expect(error.metadata).toMatchObject({ permission: 'regions.create' });
});

test('a region with clusters stays', async () => {
  await using kubesim = await startKubesim();
  const regionId = (await regions.createRegion({ name: 'Busy' })).region?.id ?? '';
  const { cluster } = await clusters
    .as('member')
    .clusters.importCluster({ name: 'c', regionId, kubeconfig: kubesim.kubeconfig });
  await expectError(regions.deleteRegion({ id: regionId }), Code.FailedPrecondition, 'REGION_IN_USE');
  await clusters.as('member').clusters.deleteCluster({ id: cluster?.id ?? '' });
  await regions.deleteRegion({ id: regionId });
});
