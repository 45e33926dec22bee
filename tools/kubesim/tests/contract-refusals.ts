import { expect } from 'vitest';
import type { Case } from './contract-objects.ts';
import type { Target } from './target.ts';

const mergeType = { 'content-type': 'application/merge-patch+json' };
const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'web', image: 'n:1' }] },
});

/** Creates an object and answers what changing it says. */
async function change(
  target: Target,
  path: string,
  object: { metadata: { name: string } },
  patch: object,
): Promise<string> {
  expect((await target.call('POST', path, object)).code).toBe(201);
  const { code, body } = await target.call('PATCH', `${path}/${object.metadata.name}`, patch, mergeType);
  return `${code} ${body.message}`;
}

const restricted = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'a',
      image: 'b',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
};

export const refusing: Record<string, Case> = {
  'fields that may not change say so in the same words': async (target, ns) => {
    const core = `/api/v1/namespaces/${ns}`;
    const set = {
      metadata: { name: 's' },
      spec: {
        serviceName: 's',
        replicas: 0,
        selector: { matchLabels: { app: 's' } },
        template: template('s'),
      },
    };
    expect(
      await change(target, `/apis/apps/v1/namespaces/${ns}/statefulsets`, set, {
        spec: { serviceName: 'other' },
      }),
    ).toBe(
      `422 StatefulSet.apps "s" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden`,
    );
    const service = { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } };
    expect(await change(target, `${core}/services`, service, { spec: { clusterIP: '10.0.99.99' } })).toBe(
      '422 Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["10.0.99.99"]: may not change once set',
    );
    const job = {
      metadata: { name: 'j' },
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } },
      },
    };
    expect(
      await change(target, `/apis/batch/v1/namespaces/${ns}/jobs`, job, { spec: { completions: 7 } }),
    ).toBe('422 Job.batch "j" is invalid: spec.completions: Invalid value: 7: field is immutable');
    expect(await change(target, `${core}/secrets`, { metadata: { name: 'a' } }, { type: 'other' })).toBe(
      '422 Secret "a" is invalid: type: Invalid value: "other": field is immutable',
    );
  },
  'pods that break a profile, a quota or need what is not there': async (target, ns) => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await target.call('PATCH', `/api/v1/namespaces/${ns}`, { metadata: { labels } }, mergeType);
    const pods = `/api/v1/namespaces/${ns}/pods`;
    const create = async (spec: object): Promise<string> =>
      (await target.call('POST', pods, { metadata: { name: 'p' }, spec })).body.message;
    expect(
      await create({
        containers: [
          { name: 'a', image: 'b' },
          { name: 'c', image: 'd' },
        ],
      }),
    ).toBe(
      'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (containers "a", "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "a", "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or containers "a", "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or containers "a", "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
    expect(await create({ ...restricted, serviceAccountName: 'none' })).toBe(
      `pods "p" is forbidden: error looking up service account ${ns}/none: serviceaccount "none" not found`,
    );
    const hard = { 'limits.cpu': '2', 'limits.memory': '1Gi' };
    await target.call('POST', `/api/v1/namespaces/${ns}/resourcequotas`, {
      metadata: { name: 'q' },
      spec: { hard },
    });
    const quota = `/api/v1/namespaces/${ns}/resourcequotas/q`;
    await target.eventually(async () => (await target.call('GET', quota)).body.status?.used);
    expect(await create(restricted)).toBe(
      'pods "p" is forbidden: failed quota: q: must specify limits.cpu for: a; limits.memory for: a',
    );
    const limits = { cpu: '3', memory: '64Mi' };
    const greedy = { ...restricted, containers: [{ ...restricted.containers[0], resources: { limits } }] };
    expect(await create(greedy)).toBe(
      'pods "p" is forbidden: exceeded quota: q, requested: limits.cpu=3, used: limits.cpu=0, limited: limits.cpu=2',
    );
    expect(await create({ containers: [] })).toBe('Pod "p" is invalid: spec.containers: Required value');
  },
};
