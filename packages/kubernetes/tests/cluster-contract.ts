// What the rest of the platform relies on when it talks to a cluster, as cases that any cluster must pass.
import { expect } from 'vitest';

import { type Cluster, type KubeObject, inParallel } from '../src/index.ts';

/** @param namespace of the case's own; it exists when the case begins, and goes afterwards */
export type Case = (cluster: Cluster, namespace: string, kubeconfig: string) => Promise<void>;

export const own = { fieldManager: 'cnap-test' };

export const configMap = (
  namespace: string,
  name: string,
  data: Record<string, string> = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { test: 'cnap' } },
  data,
});
export const mapAt = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace,
  name,
});

export const calls: Record<string, Case> = {
  'tells its version and kinds': async (cluster) => {
    expect((await cluster.version()).minor).toBeGreaterThanOrEqual(33);
    const kinds = await cluster.kinds();
    expect(kinds.find({ apiVersion: 'apps/v1', kind: 'Deployment' })).toMatchObject({
      plural: 'deployments',
      namespaced: true,
      verbs: expect.arrayContaining(['get', 'list', 'watch', 'create', 'patch', 'delete']),
    });
    expect(kinds.find({ apiVersion: 'v1', kind: 'Namespace' })?.namespaced).toBe(false);
    expect(kinds.apiVersions).toEqual(
      expect.arrayContaining(['apps/v1', 'apps/v1/Deployment', 'v1', 'v1/Pod']),
    );
    expect(kinds.unavailable).toEqual([]);
    await expect(cluster.resource({ apiVersion: 'no.such/v1', kind: 'Thing' })).rejects.toMatchObject({
      code: 0,
      reason: 'UnknownKind',
      unavailable: false,
    });
  },

  'applies, conflicts, takes over, and tries without doing': async (cluster, namespace) => {
    await cluster.apply(configMap(namespace, 'one', { a: '1' }), own);
    const theirs = { fieldManager: 'somebody' };
    await expect(cluster.apply(configMap(namespace, 'one', { a: '2' }), theirs)).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
      causes: [expect.objectContaining({ field: '.data.a', reason: 'FieldManagerConflict' })],
    });
    const tried = await cluster.apply(configMap(namespace, 'one', { a: '2' }), {
      ...theirs,
      force: true,
      dryRun: true,
    });
    expect(tried['data']).toEqual({ a: '2' });
    expect((await cluster.get(mapAt(namespace, 'one')))?.['data']).toEqual({ a: '1' });
    const taken = await cluster.apply(configMap(namespace, 'one', { a: '2' }), { ...theirs, force: true });
    expect(taken['data']).toEqual({ a: '2' });
  },

  'creates what is not there, and says what is': async (cluster, namespace) => {
    expect((await cluster.create(configMap(namespace, 'dry'), { dryRun: true })).metadata.uid).toBeTruthy();
    expect(await cluster.get(mapAt(namespace, 'dry'))).toBeUndefined();
    const made = await cluster.create(configMap(namespace, 'once'), own);
    expect(made.metadata).toMatchObject({ namespace, name: 'once', uid: expect.stringMatching(/-/) });
    await expect(cluster.create(configMap(namespace, 'once'))).rejects.toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
    });
    await expect(cluster.create(configMap('not-there', 'x'))).rejects.toMatchObject({
      code: 404,
      reason: 'NotFound',
    });
  },

  'says what is invalid': async (cluster, namespace) => {
    await expect(cluster.apply(configMap(namespace, 'Not A Name'), own)).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
      unavailable: false,
      causes: [expect.objectContaining({ field: 'metadata.name' })],
    });
  },

  'patches: merge, JSON with its tests, strategic, a stale version, a subresource': async (
    cluster,
    namespace,
  ) => {
    const made = await cluster.apply(configMap(namespace, 'p', { a: '1', b: '1' }), own);
    const at = mapAt(namespace, 'p');
    expect((await cluster.patch(at, { data: { a: null, c: '1' } }))['data']).toEqual({ b: '1', c: '1' });
    const stale = { metadata: { resourceVersion: made.metadata.resourceVersion }, data: { b: '2' } };
    await expect(cluster.patch(at, stale)).rejects.toMatchObject({ code: 409, reason: 'Conflict' });
    const operations = (uid: string | undefined) => [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'remove', path: '/data/c' },
    ];
    await expect(cluster.patch(at, operations('another'), { type: 'json' })).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
    });
    expect((await cluster.patch(at, operations(made.metadata.uid), { type: 'json' }))['data']).toEqual({
      b: '1',
    });
    const tried = await cluster.patch(at, { data: { b: '9' } }, { type: 'strategic', dryRun: true });
    expect(tried['data']).toEqual({ b: '9' });
    await expect(cluster.patch(mapAt(namespace, 'none'), {})).rejects.toMatchObject({
      code: 404,
      reason: 'NotFound',
    });

    const set: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 's', namespace },
      spec: {
        replicas: 0,
        serviceName: 's',
        selector: { matchLabels: { app: 's' } },
        template: { metadata: { labels: { app: 's' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
      },
    };
    await cluster.create(set);
    const place = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name: 's' };
    const scale = await cluster.patch(place, { spec: { replicas: 1 } }, { subresource: 'scale' });
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } });
    const path = `/apis/apps/v1/namespaces/${namespace}/statefulsets/s/scale`;
    expect(await cluster.request('GET', path)).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } });
  },

  'lists every page, by labels and fields': async (cluster, namespace) => {
    const names = Array.from({ length: 510 }, (_, index) => `m${`${index}`.padStart(3, '0')}`);
    await inParallel(names, 16, (name) => cluster.create(configMap(namespace, name)));
    const kind = { apiVersion: 'v1', kind: 'ConfigMap' };
    const listed = await cluster.list(kind, { namespace, labelSelector: 'test=cnap' });
    expect(listed.map(({ metadata }) => metadata.name)).toEqual(names);
    expect(listed[0]).toMatchObject(kind);
    const one = await cluster.list(kind, { namespace, fieldSelector: 'metadata.name=m007' });
    expect(one.map(({ metadata }) => metadata.name)).toEqual(['m007']);
    expect(await cluster.list(kind, { namespace, labelSelector: 'test=other' })).toEqual([]);
    await expect(cluster.list(kind, { namespace, fieldSelector: 'data.a=b' })).rejects.toMatchObject({
      code: 400,
      reason: 'BadRequest',
    });
  },

  'deletes this very object; what is held, or owns others, goes later': async (cluster, namespace) => {
    const made = await cluster.create(configMap(namespace, 'd'));
    const at = mapAt(namespace, 'd');
    await expect(cluster.delete(at, { uid: 'another' })).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    expect(await cluster.delete(at, { uid: made.metadata.uid, dryRun: true })).toBe('gone');
    expect(await cluster.get(at)).toBeDefined();
    expect(await cluster.delete(at, { uid: made.metadata.uid })).toBe('gone');
    expect(await cluster.delete(at)).toBe('gone');
    expect(await cluster.delete({ apiVersion: 'no.such/v1', kind: 'Thing', name: 'x' })).toBe('gone');

    const held = configMap(namespace, 'held');
    await cluster.create({ ...held, metadata: { ...held.metadata, finalizers: ['example.com/holds'] } });
    expect(await cluster.delete(mapAt(namespace, 'held'))).toBe('going');
    expect(await cluster.delete(mapAt(namespace, 'held'))).toBe('going');
    await cluster.patch(mapAt(namespace, 'held'), { metadata: { finalizers: null } });
    expect(await cluster.get(mapAt(namespace, 'held'))).toBeUndefined();

    const owner = await cluster.create(configMap(namespace, 'owner'));
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid ?? '' };
    const owned = configMap(namespace, 'owned');
    await cluster.create({ ...owned, metadata: { ...owned.metadata, ownerReferences: [reference] } });
    const going = await cluster.delete(mapAt(namespace, 'owner'), { propagationPolicy: 'Foreground' });
    expect(going).toBe('going');
  },
};
