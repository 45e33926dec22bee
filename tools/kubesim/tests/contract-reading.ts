import { expect } from 'vitest';
import type { Case } from './contract-objects.ts';

const maps = (namespace: string, name = ''): string =>
  `/api/v1/namespaces/${namespace}/configmaps${name && `/${name}`}`;
const map = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
});
const mergeType = { 'content-type': 'application/merge-patch+json' };
const names = (body: { items: { metadata: { name: string } }[] }): string[] =>
  body.items.map((item) => item.metadata.name).filter((name) => name !== 'kube-root-ca.crt');

export const reading: Record<string, Case> = {
  'lists by labels and fields, in pages': async (target, ns) => {
    for (const [name, tier] of [
      ['a', 'x'],
      ['b', 'y'],
      ['c', 'x'],
    ] as const)
      await target.call('POST', maps(ns), map(name, { tier }));
    expect(names((await target.call('GET', `${maps(ns)}?labelSelector=tier%3Dx`)).body)).toEqual(['a', 'c']);
    expect(names((await target.call('GET', `${maps(ns)}?labelSelector=tier%20in%20(y,z)`)).body)).toEqual([
      'b',
    ]);
    expect(names((await target.call('GET', `${maps(ns)}?labelSelector=tier%21%3Dx,tier`)).body)).toEqual([
      'b',
    ]);
    expect(names((await target.call('GET', `${maps(ns)}?fieldSelector=metadata.name%3Dc`)).body)).toEqual([
      'c',
    ]);
    const first = await target.call('GET', `${maps(ns)}?limit=2`);
    expect(names(first.body)).toEqual(['a', 'b']);
    const token = first.body.metadata.continue;
    expect(token).toEqual(expect.any(String));
    const rest = await target.call('GET', `${maps(ns)}?limit=2&continue=${encodeURIComponent(token)}`);
    expect(names(rest.body)).toEqual(['c']);
    expect(rest.body.metadata.continue).toBeFalsy();
    expect((await target.call('GET', `${maps(ns)}?fieldSelector=spec.nope%3Dc`)).code).toBe(400);
  },
  'a watch goes on from a version, and selectors turn changes into ADDED and DELETED': async (target, ns) => {
    const list = await target.call('GET', maps(ns));
    await using all = await target.watch(
      `${maps(ns)}?watch=true&resourceVersion=${list.body.metadata.resourceVersion}`,
    );
    await using red = await target.watch(
      `${maps(ns)}?watch=true&labelSelector=color%3Dred&resourceVersion=${list.body.metadata.resourceVersion}`,
    );
    await target.call('POST', maps(ns), map('w'));
    await target.call('PATCH', maps(ns, 'w'), { metadata: { labels: { color: 'red' } } }, mergeType);
    await target.call('PATCH', maps(ns, 'w'), { metadata: { labels: { color: 'blue' } } }, mergeType);
    await target.call('DELETE', maps(ns, 'w'));
    const types = async (frames: typeof all, count: number): Promise<string[]> => {
      const seen: string[] = [];
      while (seen.length < count) {
        const frame = await frames.next();
        if (frame.object.metadata.name === 'w') seen.push(frame.type);
      }
      return seen;
    };
    expect(await types(all, 4)).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED']);
    expect(await types(red, 2)).toEqual(['ADDED', 'DELETED']);
  },
  'a streaming list ends with its bookmark': async (target, ns) => {
    await target.call('POST', maps(ns), map('s'));
    await using frames = await target.watch(
      `${maps(ns)}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    const seen: string[] = [];
    for (;;) {
      const frame = await frames.next();
      seen.push(frame.type);
      if (frame.type !== 'BOOKMARK') continue;
      expect(frame.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
      expect(frame.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
      break;
    }
    expect(seen).toContain('ADDED');
    const refused = await target.call('GET', `${maps(ns)}?watch=true&sendInitialEvents=true`);
    expect(refused.code).toBe(422);
  },
  'tables, metadata only, and discovery': async (target, ns) => {
    await target.call('POST', maps(ns), { ...map('t'), data: { a: '1' } });
    const table = await target.call('GET', maps(ns, 't'), undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    });
    expect(table.body.kind).toBe('Table');
    expect(table.body.columnDefinitions.map((column: { name: string }) => column.name)).toEqual([
      'Name',
      'Data',
      'Age',
    ]);
    expect(table.body.rows[0].cells.slice(0, 2)).toEqual([
      't',
      expect.toSatisfy((value: unknown) => Number(value) === 1),
    ]);
    const partial = await target.call('GET', maps(ns), undefined, {
      accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    });
    expect(partial.body.kind).toBe('PartialObjectMetadataList');
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const discovery = await target.call('GET', '/apis', undefined, { accept });
    expect(discovery.body.kind).toBe('APIGroupDiscoveryList');
    const apps = discovery.body.items.find(
      (item: { metadata: { name: string } }) => item.metadata.name === 'apps',
    );
    expect(
      apps.versions[0].resources.find((item: { resource: string }) => item.resource === 'deployments'),
    ).toMatchObject({
      responseKind: { group: '', version: '', kind: 'Deployment' },
      scope: 'Namespaced',
      singularResource: 'deployment',
      shortNames: ['deploy'],
      categories: ['all'],
    });
    expect((await target.call('GET', '/version')).body).toMatchObject({
      major: '1',
      gitVersion: expect.stringMatching(/^v1\.\d+/),
    });
  },
  'access reviews answer what requests meet': async (target, ns) => {
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }];
    const as = await target.account(ns, rules);
    const user = `system:serviceaccount:${ns}:reader`;
    await target.eventually(async () => (await target.call('GET', maps(ns), undefined, as)).code === 200);
    const refused = await target.call('POST', maps(ns), map('no'), as);
    expect(refused).toMatchObject({
      code: 403,
      body: { reason: 'Forbidden', details: { kind: 'configmaps' } },
    });
    expect(refused.body.message).toBe(
      `configmaps is forbidden: User "${user}" cannot create resource "configmaps" in API group "" in the namespace "${ns}"`,
    );
    const wide = await target.call('GET', '/apis/apps/v1/deployments', undefined, as);
    expect(wide.body.message).toBe(
      `deployments.apps is forbidden: User "${user}" cannot list resource "deployments" in API group "apps" at the cluster scope`,
    );
    const review = async (verb: string) => {
      const spec = { resourceAttributes: { namespace: ns, verb, resource: 'configmaps' } };
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
      return (await target.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body, as))
        .body.status.allowed;
    };
    expect([await review('list'), await review('delete')]).toEqual([true, false]);
    const wrong = await target.call('GET', maps(ns), undefined, { authorization: 'Bearer nonsense' });
    expect(wrong).toMatchObject({ code: 401, body: { reason: 'Unauthorized', message: 'Unauthorized' } });
  },
};
