import { expect } from 'vitest';
import type { Case } from './contract-objects.ts';
import { apply, applyType, configMap, deployment, mergeType, within } from './contract-objects.ts';

const deployments = (namespace: string, name = ''): string => within(namespace, 'deployments.apps/v1', name);
const configMaps = (namespace: string, name = ''): string => within(namespace, 'configmaps', name);

export const applying: Record<string, Case> = {
  'server-side apply creates, is idempotent and records ownership': async (target, ns) => {
    const config = deployment('ssa', { replicas: 0 });
    const first = await apply(target, deployments(ns, 'ssa'), 'cnap', config);
    expect(first.code).toBe(201);
    expect(first.body.metadata.managedFields).toEqual([
      {
        manager: 'cnap',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: expect.any(String),
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:replicas': {},
            'f:selector': {},
            'f:template': {
              'f:metadata': { 'f:labels': { 'f:app': {} } },
              'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
            },
          },
        },
      },
    ]);
    await target.eventually(
      async () => (await target.call('GET', deployments(ns, 'ssa'))).body.status?.observedGeneration === 1,
    );
    const second = await apply(target, deployments(ns, 'ssa'), 'cnap', config);
    expect(second.code).toBe(200);
    expect(second.body.metadata.generation).toBe(1);
  },
  'apply conflicts name the manager and the field; force takes it over': async (target, ns) => {
    const path = configMaps(ns, 'c');
    await apply(target, path, 'one', configMap('c', { a: '1', b: '1' }));
    const refused = await apply(target, path, 'two', configMap('c', { a: '2' }));
    expect(refused.code).toBe(409);
    expect(refused.body).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }],
      },
    });
    const both = await apply(target, path, 'two', configMap('c', { a: '2', b: '2' }));
    expect(both.body.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b',
    );
    const same = await apply(target, path, 'two', configMap('c', { a: '1' }));
    expect(same.code).toBe(200); // the same value is shared
    const forced = await apply(target, path, 'two', configMap('c', { a: '3' }), true);
    expect(forced.body.data).toEqual({ a: '3', b: '1' });
    const owners = forced.body.metadata.managedFields.map((entry: { manager: string; fieldsV1: object }) => [
      entry.manager,
      entry.fieldsV1,
    ]);
    expect(Object.fromEntries(owners)).toEqual({
      one: { 'f:data': { 'f:b': {} } },
      two: { 'f:data': { 'f:a': {} } },
    });
  },
  'an update conflicts too, and says by whom': async (target, ns) => {
    await apply(target, deployments(ns, 'u'), 'cnap', deployment('u', { replicas: 0 }));
    await target.call(
      'PATCH',
      `${deployments(ns, 'u')}?fieldManager=person`,
      { spec: { replicas: 0, paused: true } },
      mergeType,
    );
    const refused = await apply(
      target,
      deployments(ns, 'u'),
      'cnap',
      deployment('u', { replicas: 0, paused: false }),
    );
    expect(refused.code).toBe(409);
    expect(refused.body.message).toMatch(
      /^Apply failed with 1 conflict: conflict with "person" using apps\/v1.*: \.spec\.paused$/,
    );
    await target.call(
      'PATCH',
      `${deployments(ns, 'u')}/scale?fieldManager=hpa`,
      { spec: { replicas: 2 } },
      mergeType,
    );
    const scaled = await apply(target, deployments(ns, 'u'), 'cnap', deployment('u', { replicas: 0 }));
    expect(scaled.body.message).toMatch(
      /conflict with "hpa" with subresource "scale" using .*: \.spec\.replicas$/,
    );
  },
  'what a manager no longer applies goes, unless somebody else owns it': async (target, ns) => {
    const path = configMaps(ns, 'p');
    await apply(
      target,
      path,
      'one',
      configMap('p', { a: '1', b: '1', c: '1' }, { labels: { x: 'y' }, annotations: { q: 'r' } }),
    );
    await apply(target, path, 'two', configMap('p', { b: '1' }));
    await target.call('PATCH', `${path}?fieldManager=person`, { data: { c: 'mine' } }, mergeType);
    const { body } = await apply(target, path, 'one', configMap('p', { a: '1' }));
    expect(body.data).toEqual({ a: '1', b: '1', c: 'mine' });
    expect(body.metadata.labels).toBeUndefined();
    expect(body.metadata.annotations).toBeUndefined();
  },
  'items of keyed lists are pruned and defaults come back': async (target, ns) => {
    const path = deployments(ns, 'k');
    const withTwo = deployment('k', { replicas: 0 });
    const containers: object[] = withTwo.spec.template.spec.containers;
    containers.push({
      name: 'side',
      image: 'side:1',
      ports: [{ containerPort: 80 }],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    });
    await apply(target, path, 'm', withTwo);
    containers[1] = { name: 'side', image: 'side:1', env: [{ name: 'B', value: '3' }] };
    const fewer = await apply(target, path, 'm', withTwo);
    expect(fewer.body.spec.template.spec.containers[1].ports).toBeUndefined();
    expect(fewer.body.spec.template.spec.containers[1].env).toEqual([{ name: 'B', value: '3' }]);
    const one = await apply(target, path, 'm', deployment('k'));
    expect(one.body.spec.template.spec.containers.map((item: { name: string }) => item.name)).toEqual([
      'web',
    ]);
    expect(one.body.spec.replicas).toBe(1);
  },
  'apply needs a field manager and no managedFields': async (target, ns) => {
    const nameless = await target.call('PATCH', configMaps(ns, 'n'), configMap('n', {}), applyType);
    expect(nameless.body.message).toContain('fieldManager: Required value: is required for apply patch');
    const carrying = await apply(
      target,
      configMaps(ns, 'n'),
      'm',
      configMap('n', {}, { managedFields: [{ manager: 'x' }] }),
    );
    expect(carrying).toMatchObject({
      code: 400,
      body: { message: expect.stringContaining('metadata.managedFields must be nil') },
    });
  },
  'empty maps are not stored; who fills one made it': async (target, ns) => {
    const path = configMaps(ns, 'e');
    const ownersOf = (body: { metadata: { managedFields: { manager: string; fieldsV1: object }[] } }) =>
      Object.fromEntries(body.metadata.managedFields.map(({ manager, fieldsV1 }) => [manager, fieldsV1]));
    const made = await apply(target, path, 'one', configMap('e', {}, { labels: {} }));
    expect(made.body.data).toBeUndefined();
    expect(made.body.metadata.labels).toBeUndefined();
    expect(ownersOf(made.body)).toEqual({ one: { 'f:data': {}, 'f:metadata': { 'f:labels': {} } } });
    const filled = await target.call('PATCH', `${path}?fieldManager=two`, { data: { a: 'b' } }, mergeType);
    expect(ownersOf(filled.body)).toEqual({
      one: { 'f:metadata': { 'f:labels': {} } },
      two: { 'f:data': { '.': {}, 'f:a': {} } },
    });
    const again = await apply(target, path, 'one', configMap('e', {}, { labels: {} }));
    expect(again.body.data).toEqual({ a: 'b' });
    const hollow = deployment('e', { replicas: 0 });
    Object.assign(hollow.spec.template.spec.containers[0] ?? {}, { env: [], resources: {} });
    const { body } = await apply(target, deployments(ns, 'e'), 'one', hollow);
    const { 'f:template': template } = body.metadata.managedFields[0].fieldsV1['f:spec'];
    expect(template['f:spec']['f:containers']).toEqual({
      'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:resources': {} },
    });
  },
  'who applies what is not there must be allowed to create it': async (target, ns) => {
    const as = await target.account(ns, [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'patch'] },
    ]);
    const path = `${configMaps(ns, 'x')}?fieldManager=m`;
    const send = () => target.call('PATCH', path, configMap('x', { a: 'b' }), { ...applyType, ...as });
    const refused = await target.eventually(async () => {
      const answer = await send();
      return String(answer.body.message).includes('cannot create') && answer;
    });
    expect(refused.body.message).toBe(
      `configmaps "x" is forbidden: User "system:serviceaccount:${ns}:reader" cannot create resource "configmaps" in API group "" in the namespace "${ns}"`,
    );
    await target.call('POST', configMaps(ns), configMap('x', {}));
    expect((await send()).code).toBe(200);
  },
  'fields are handed over by writing who owns them': async (target, ns) => {
    const path = configMaps(ns, 'h');
    const { body } = await apply(target, path, 'helm', configMap('h', { a: '1', b: '1' }));
    const [entry] = body.metadata.managedFields;
    const patch = [
      { op: 'test', path: '/metadata/resourceVersion', value: body.metadata.resourceVersion },
      { op: 'replace', path: '/metadata/managedFields', value: [{ ...entry, manager: 'cnap' }] },
    ];
    const jsonType = { 'content-type': 'application/json-patch+json' };
    const handed = await target.call('PATCH', path, patch, jsonType);
    expect(handed.body.metadata.managedFields).toMatchObject([
      { manager: 'cnap', operation: 'Apply', fieldsV1: entry.fieldsV1 },
    ]);
    const fewer = await apply(target, path, 'cnap', configMap('h', { a: '2' }));
    expect(fewer.body.data).toEqual({ a: '2' });
    const stale = await target.call('PATCH', path, patch, jsonType);
    expect(stale).toMatchObject({ code: 422, body: { reason: 'Invalid' } });
    const cleared = await target.call(
      'PATCH',
      `${path}?fieldManager=person`,
      { metadata: { managedFields: [{}] }, data: { c: '3' } },
      mergeType,
    );
    expect(cleared.body.metadata.managedFields).toBeUndefined();
    expect(cleared.body.data).toEqual({ a: '2', c: '3' });
  },
};
