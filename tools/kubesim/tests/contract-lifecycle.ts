import { expect } from 'vitest';
import type { Case } from './contract-objects.ts';
import { deployment } from './contract-objects.ts';
import type { Target } from './target.ts';

const mergeType = { 'content-type': 'application/merge-patch+json' };
const at = (namespace: string, resource: string, name = ''): string =>
  `/${resource.includes('.') ? `apis/${resource.slice(resource.indexOf('.') + 1)}` : 'api/v1'}/namespaces/${namespace}/${resource.split('.')[0]}${name && `/${name}`}`;
const pods = (namespace: string, name = ''): string => at(namespace, 'pods', name);
const maps = (namespace: string, name = ''): string => at(namespace, 'configmaps', name);
const deploys = (namespace: string, name = ''): string =>
  `/apis/apps/v1/namespaces/${namespace}/deployments${name && `/${name}`}`;
const map = (name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
});

const podsOf = async (target: Target, ns: string, app: string): Promise<{ metadata: { name: string } }[]> =>
  (await target.call('GET', `${pods(ns)}?labelSelector=app%3D${app}`)).body.items;
const isGone = (target: Target, path: string) => async () => (await target.call('GET', path)).code === 404;

export const deleting: Record<string, Case> = {
  'finalizers hold a deleted object until they are taken away': async (target, ns) => {
    await target.call('POST', maps(ns), map('f', { finalizers: ['example.com/hold'] }));
    const marked = await target.call('DELETE', maps(ns, 'f'));
    expect(marked).toMatchObject({
      code: 200,
      body: {
        kind: 'ConfigMap',
        metadata: { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 0 },
      },
    });
    const added = await target.call(
      'PATCH',
      maps(ns, 'f'),
      { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
      mergeType,
    );
    expect(added.code).toBe(422);
    expect(added.body.message).toContain('no new finalizers can be added if the object is being deleted');
    const freed = await target.call('PATCH', maps(ns, 'f'), { metadata: { finalizers: null } }, mergeType);
    expect(freed.code).toBe(200);
    expect((await target.call('GET', maps(ns, 'f'))).code).toBe(404);
  },
  'deletion answers a Status and obeys preconditions': async (target, ns) => {
    const made = await target.call('POST', maps(ns), map('p'));
    const refused = await target.call('DELETE', maps(ns, 'p'), { preconditions: { uid: 'another' } });
    expect(refused).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    expect(refused.body.message).toContain(
      'the UID in the precondition (another) does not match the UID in record',
    );
    const done = await target.call('DELETE', maps(ns, 'p'), {
      preconditions: { uid: made.body.metadata.uid },
    });
    expect(done.body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'p', kind: 'configmaps', uid: made.body.metadata.uid },
    });
  },
  'owned objects follow their owner, at once, before it or never': async (target, ns) => {
    const owner = async (name: string) => {
      const { body } = await target.call('POST', maps(ns), map(name));
      const ownerReferences = [
        { apiVersion: 'v1', kind: 'ConfigMap', name, uid: body.metadata.uid, blockOwnerDeletion: true },
      ];
      await target.call('POST', maps(ns), map(`${name}-owned`, { ownerReferences }));
    };
    await owner('back');
    await target.call('DELETE', maps(ns, 'back'), { propagationPolicy: 'Background' });
    await target.eventually(isGone(target, maps(ns, 'back-owned')));
    await owner('fore');
    const marked = await target.call('DELETE', maps(ns, 'fore'), { propagationPolicy: 'Foreground' });
    expect(marked.body.metadata.finalizers).toEqual(['foregroundDeletion']);
    await target.eventually(isGone(target, maps(ns, 'fore')));
    expect((await target.call('GET', maps(ns, 'fore-owned'))).code).toBe(404);
    await owner('orphan');
    await target.call('DELETE', maps(ns, 'orphan'), { propagationPolicy: 'Orphan' });
    await target.eventually(isGone(target, maps(ns, 'orphan')));
    const left = await target.eventually(async () => {
      const { body } = await target.call('GET', maps(ns, 'orphan-owned'));
      return !body.metadata.ownerReferences && body;
    });
    expect(left.metadata.name).toBe('orphan-owned');
  },
  'a namespace empties itself; nothing new comes in meanwhile': async (target, ns) => {
    await target.call('POST', maps(ns), map('held', { finalizers: ['example.com/hold'] }));
    const marked = await target.call('DELETE', `/api/v1/namespaces/${ns}`);
    expect(marked.body).toMatchObject({
      status: { phase: 'Terminating' },
      spec: { finalizers: ['kubernetes'] },
    });
    const late = await target.call('POST', maps(ns), map('late'));
    expect(late).toMatchObject({
      code: 403,
      body: { reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } },
    });
    expect(late.body.message).toBe(
      `configmaps "late" is forbidden: unable to create new content in namespace ${ns} because it is being terminated`,
    );
    const stuck = await target.eventually(async () => {
      const { body } = await target.call('GET', `/api/v1/namespaces/${ns}`);
      return body.status.conditions?.find(
        (item: { type: string; status: string }) =>
          item.type === 'NamespaceFinalizersRemaining' && item.status === 'True',
      );
    });
    expect(stuck.message).toContain('example.com/hold in 1 resource instances');
    await target.call('PATCH', maps(ns, 'held'), { metadata: { finalizers: null } }, mergeType);
    await target.eventually(isGone(target, `/api/v1/namespaces/${ns}`));
  },
};

export const running: Record<string, Case> = {
  'a deployment makes pods that become ready, rolls and scales': async (target, ns) => {
    await target.call('POST', deploys(ns), deployment('web', { replicas: 2 }));
    const available = (image: string, replicas: number) => async () => {
      const { body } = await target.call('GET', deploys(ns, 'web'));
      const isDone =
        body.status?.availableReplicas === replicas &&
        body.status.updatedReplicas === replicas &&
        body.status.replicas === replicas;
      return (
        isDone &&
        body.status.observedGeneration === body.metadata.generation &&
        body.spec.template.spec.containers[0].image === image &&
        body
      );
    };
    const ready = await target.eventually(available('nginx:1', 2));
    expect(ready.status.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }),
        expect.objectContaining({ type: 'Progressing', status: 'True' }),
      ]),
    );
    const [pod] = (await target.call('GET', pods(ns))).body.items;
    expect(pod).toMatchObject({
      status: { phase: 'Running' },
      spec: { nodeName: expect.any(String), serviceAccountName: 'default' },
    });
    expect(pod.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', controller: true }]);
    const image = { spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:2' }] } } } };
    await target.call('PATCH', deploys(ns, 'web'), image, {
      'content-type': 'application/strategic-merge-patch+json',
    });
    const rolled = await target.eventually(available('nginx:2', 2));
    expect(rolled.metadata.annotations['deployment.kubernetes.io/revision']).toBe('2');
    await target.call('DELETE', deploys(ns, 'web'), { propagationPolicy: 'Background' });
    await target.eventually(async () => (await podsOf(target, ns, 'web')).length === 0);
  },
  'quotas are charged, enforced in words and given back': async (target, ns) => {
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q' },
      spec: { hard: { 'count/configmaps': '3', configmaps: '3' } },
    };
    const used = (wanted: string) => async () =>
      (await target.call('GET', at(ns, 'resourcequotas', 'q'))).body.status?.used?.configmaps === wanted;
    // First what is there is counted, the root certificate with it: one that counts while others charge may err for
    // minutes.
    await target.call('POST', maps(ns), map('one'));
    await target.call('POST', maps(ns), map('two'));
    await target.eventually(async () => (await target.call('GET', maps(ns))).body.items.length === 3);
    await target.call('POST', at(ns, 'resourcequotas'), quota);
    await target.eventually(used('3'));
    const refused = await target.eventually(async () => {
      const answer = await target.call('POST', `${maps(ns)}?dryRun=All`, map('three'));
      return answer.code === 403 && answer;
    });
    expect(refused.body.reason).toBe('Forbidden');
    expect(refused.body.message).toBe(
      'configmaps "three" is forbidden: exceeded quota: q, requested: configmaps=1,count/configmaps=1, used: configmaps=3,count/configmaps=3, limited: configmaps=3,count/configmaps=3',
    );
    await target.call('DELETE', maps(ns, 'one'));
    await target.eventually(used('2'));
    expect((await target.call('POST', maps(ns), map('three'))).code).toBe(201);
    expect((await target.call('POST', maps(ns), map('four'))).code).toBe(403);
  },
  'Pod Security refuses pods in words, and the replica set says so in an Event': async (target, ns) => {
    await target.call(
      'PATCH',
      `/api/v1/namespaces/${ns}`,
      { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } },
      mergeType,
    );
    const bad = deployment('bad');
    Object.assign(bad.spec.template.spec, {
      hostNetwork: true,
      volumes: [{ name: 'host', hostPath: { path: '/' } }],
    });
    Object.assign(bad.spec.template.spec.containers[0] ?? {}, { securityContext: { privileged: true } });
    await target.call('POST', deploys(ns), bad);
    const event = await target.eventually(async () => {
      const { body } = await target.call('GET', `${at(ns, 'events')}?fieldSelector=reason%3DFailedCreate`);
      return body.items[0];
    });
    expect(event.involvedObject.kind).toBe('ReplicaSet');
    expect(event.message).toMatch(
      /^Error creating: pods "bad-\w+-\w+" is forbidden: violates PodSecurity "baseline:latest": host namespaces \(hostNetwork=true\), hostPath volumes \(volume "host"\), privileged \(container "web" must not set securityContext\.privileged=true\)$/,
    );
    const stuck = await target.eventually(async () => {
      const { body } = await target.call('GET', deploys(ns, 'bad'));
      return body.status?.conditions?.find((item: { type: string }) => item.type === 'ReplicaFailure');
    });
    expect(stuck).toMatchObject({ status: 'True', reason: 'FailedCreate' });
  },
  'claims are bound to volumes that are made for them, and a job completes': async (target, ns) => {
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await target.call('POST', at(ns, 'persistentvolumeclaims'), claim);
    const bound = await target.eventually(async () => {
      const { body } = await target.call('GET', at(ns, 'persistentvolumeclaims', 'data'));
      return body.status.phase === 'Bound' && body;
    });
    expect(bound.status).toMatchObject({ accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } });
    expect(bound.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'busybox:1' }] } };
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'work' }, spec: { template } };
    await target.call('POST', `/apis/batch/v1/namespaces/${ns}/jobs`, job);
    const done = await target.eventually(async () => {
      const { body } = await target.call('GET', `/apis/batch/v1/namespaces/${ns}/jobs/work`);
      return (
        body.status?.conditions?.some(
          (item: { type: string; status: string }) => item.type === 'Complete' && item.status === 'True',
        ) && body
      );
    });
    expect(done.status).toMatchObject({ succeeded: 1, completionTime: expect.any(String) });
  },
};
