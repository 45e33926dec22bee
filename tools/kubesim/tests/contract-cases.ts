import { expect } from 'vitest';
import type { Target } from './target.ts';

/** A case runs in a namespace of its own, which exists when it starts. */
export type Case = (target: Target, namespace: string) => Promise<void>;

const applyType = { 'content-type': 'application/apply-patch+yaml' };
const mergeType = { 'content-type': 'application/merge-patch+json' };
const strategicType = { 'content-type': 'application/strategic-merge-patch+json' };

export const deployment = (name: string, more: object = {}, image = 'nginx:1') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image }] } },
    ...more,
  },
});

const deployments = (namespace: string, name = ''): string =>
  `/apis/apps/v1/namespaces/${namespace}/deployments${name && `/${name}`}`;
const configMaps = (namespace: string, name = ''): string =>
  `/api/v1/namespaces/${namespace}/configmaps${name && `/${name}`}`;
const configMap = (name: string, data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});
const apply = (target: Target, path: string, manager: string, body: object, force = false) =>
  target.call('PATCH', `${path}?fieldManager=${manager}&force=${force}`, body, applyType);

export const writing: Record<string, Case> = {
  'create, read, conflict and not found': async (target, ns) => {
    const made = await target.call('POST', configMaps(ns), configMap('a', { x: '1' }));
    expect(made.code).toBe(201);
    expect(made.body.metadata).toMatchObject({ name: 'a', namespace: ns, uid: expect.any(String) });
    const again = await target.call('POST', configMaps(ns), configMap('a', {}));
    expect(again).toMatchObject({
      code: 409,
      body: { reason: 'AlreadyExists', message: 'configmaps "a" already exists' },
    });
    const missing = await target.call('GET', configMaps(ns, 'b'));
    expect(missing.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'configmaps "b" not found',
      reason: 'NotFound',
      details: { name: 'b', kind: 'configmaps' },
      code: 404,
    });
    const stale = {
      ...made.body,
      data: { x: '2' },
      metadata: { ...made.body.metadata, resourceVersion: '1' },
    };
    expect(await target.call('PUT', configMaps(ns, 'a'), stale)).toMatchObject({
      code: 409,
      body: {
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
        details: { name: 'a', kind: 'configmaps' },
      },
    });
  },
  'a write that changes nothing keeps the version; generation counts spec changes only': async (
    target,
    ns,
  ) => {
    const made = await target.call('POST', deployments(ns), deployment('d', { replicas: 0 }));
    expect(made.body.metadata.generation).toBe(1);
    const settled = await target.eventually(async () => {
      const { body } = await target.call('GET', deployments(ns, 'd'));
      return (
        body.status?.conditions?.some(
          (item: { type: string; reason: string }) => item.reason === 'NewReplicaSetAvailable',
        ) && body
      );
    });
    const same = await target.call('PATCH', deployments(ns, 'd'), { spec: { replicas: 0 } }, mergeType);
    expect(same.body.metadata.resourceVersion).toBe(settled.metadata.resourceVersion);
    const labelled = await target.call(
      'PATCH',
      deployments(ns, 'd'),
      { metadata: { labels: { a: 'b' } } },
      mergeType,
    );
    expect(labelled.body.metadata.generation).toBe(1);
    const paused = await target.call('PATCH', deployments(ns, 'd'), { spec: { paused: true } }, mergeType);
    expect(paused.body.metadata.generation).toBe(2);
  },
  'dry run stores nothing': async (target, ns) => {
    const made = await target.call('POST', `${configMaps(ns)}?dryRun=All`, configMap('dry', {}));
    expect(made.code).toBe(201);
    expect((await target.call('GET', configMaps(ns, 'dry'))).code).toBe(404);
    const applied = await apply(target, configMaps(ns, 'dry'), 'm', configMap('dry', { a: 'b' }));
    expect(applied.code).toBe(201);
    const changed = await target.call(
      'PATCH',
      `${configMaps(ns, 'dry')}?fieldManager=m&dryRun=All`,
      configMap('dry', { a: 'c' }),
      applyType,
    );
    expect(changed.body.data).toEqual({ a: 'c' });
    expect((await target.call('GET', configMaps(ns, 'dry'))).body.data).toEqual({ a: 'b' });
  },
  'defaults that clients look at': async (target, ns) => {
    const { body } = await target.call('POST', deployments(ns), deployment('defaults'));
    expect(body.spec).toEqual({
      replicas: 1,
      selector: { matchLabels: { app: 'defaults' } },
      template: {
        metadata: { labels: { app: 'defaults' } },
        spec: {
          containers: [
            {
              name: 'web',
              image: 'nginx:1',
              resources: {},
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
              imagePullPolicy: 'IfNotPresent',
            },
          ],
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 30,
          dnsPolicy: 'ClusterFirst',
          securityContext: {},
          schedulerName: 'default-scheduler',
        },
      },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    });
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { selector: { a: 'b' }, ports: [{ port: 80 }] },
    };
    const made = await target.call('POST', `/api/v1/namespaces/${ns}/services`, service);
    expect(made.body.spec).toMatchObject({
      type: 'ClusterIP',
      clusterIP: expect.stringMatching(/^10\./),
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
    });
  },
  'immutable fields and invalid objects are 422 with causes': async (target, ns) => {
    await target.call('POST', deployments(ns), deployment('fixed', { replicas: 0 }));
    const moved = await target.call(
      'PATCH',
      deployments(ns, 'fixed'),
      { spec: { selector: { matchLabels: { app: 'other' } } } },
      mergeType,
    );
    expect(moved).toMatchObject({
      code: 422,
      body: { reason: 'Invalid', details: { kind: 'Deployment', group: 'apps', name: 'fixed' } },
    });
    expect(moved.body.details.causes.map((cause: { field: string }) => cause.field)).toContain(
      'spec.selector',
    );
    expect(moved.body.message).toContain('field is immutable');
    const named = await target.call('POST', configMaps(ns), configMap('Not_A_Name', {}));
    expect(named.code).toBe(422);
    expect(named.body.details.causes[0]).toMatchObject({
      reason: 'FieldValueInvalid',
      field: 'metadata.name',
    });
  },
  'strategic merge patch merges lists by their keys': async (target, ns) => {
    await target.call('POST', deployments(ns), deployment('smp', { replicas: 0 }));
    const containers = (...list: object[]) => ({ spec: { template: { spec: { containers: list } } } });
    const two = await target.call(
      'PATCH',
      deployments(ns, 'smp'),
      containers({ name: 'side', image: 'side:1' }),
      strategicType,
    );
    expect(
      two.body.spec.template.spec.containers.map((item: { name: string }) => item.name).toSorted(),
    ).toEqual(['side', 'web']);
    const env = [{ name: 'A', value: '1' }];
    await target.call('PATCH', deployments(ns, 'smp'), containers({ name: 'web', env }), strategicType);
    const one = await target.call(
      'PATCH',
      deployments(ns, 'smp'),
      containers({ name: 'side', $patch: 'delete' }),
      strategicType,
    );
    expect(one.body.spec.template.spec.containers).toMatchObject([{ name: 'web', image: 'nginx:1', env }]);
  },
  'json patch': async (target, ns) => {
    await target.call('POST', configMaps(ns), configMap('jp', { a: '1' }));
    const type = { 'content-type': 'application/json-patch+json' };
    const ok = await target.call(
      'PATCH',
      configMaps(ns, 'jp'),
      [
        { op: 'add', path: '/data/b', value: '2' },
        { op: 'remove', path: '/data/a' },
      ],
      type,
    );
    expect(ok.body.data).toEqual({ b: '2' });
    const failed = await target.call(
      'PATCH',
      configMaps(ns, 'jp'),
      [{ op: 'test', path: '/data/b', value: '3' }],
      type,
    );
    expect(failed.code).toBe(422);
  },
};

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
};
