import { expect } from 'vitest';
import type { Case } from './contract-objects.ts';
import {
  apply,
  applyType,
  configMap,
  deployment,
  mergeType,
  strategicType,
  within,
} from './contract-objects.ts';

const deployments = (namespace: string, name = ''): string => within(namespace, 'deployments.apps/v1', name);
const configMaps = (namespace: string, name = ''): string => within(namespace, 'configmaps', name);

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
