// Pods that cannot be pulled, scheduled, made or become ready: what is told of them.
import type { KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { baseline, newTarget } from '../engine-driver.ts';
import type { NamespaceSettings } from '../port.ts';
import { type Driver, daemonSet, deployment, imageThat, volumeClaim } from './workloads.ts';

type Trouble = {
  what: string;
  objects: KubeObject[];
  settings?: NamespaceSettings;
  reason: string;
  kind: string;
  message: string | RegExp;
};

const claimed = { pod: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } };

const troubles: Trouble[] = [
  {
    what: 'an image that cannot be pulled',
    objects: [deployment('x', { image: imageThat('never-pulls') })],
    reason: 'ImagePull',
    kind: 'Pod',
    message: 'The image example.com/app:never-pulls cannot be pulled: Back-off pulling image',
  },
  {
    what: 'a container that crashes, with its last words',
    objects: [deployment('x', { image: imageThat('crashes') })],
    reason: 'CrashLoop',
    kind: 'Pod',
    message: /^Container c keeps crashing: it ended with exit code 1, restarted \d+ times. It said last:\n./,
  },
  {
    what: 'a pod that never answers its probe',
    objects: [deployment('x', { image: imageThat('never-ready') })],
    reason: 'ProbeFailing',
    kind: 'Pod',
    message: 'Readiness probe failed',
  },
  {
    what: 'a pod that fits nowhere',
    objects: [deployment('x', { container: { resources: { requests: { cpu: '9000' } } } })],
    reason: 'Unschedulable',
    kind: 'Pod',
    message: 'No node has enough cpu free',
  },
  {
    what: 'a pod for nodes that are not there',
    objects: [deployment('x', { pod: { nodeSelector: { 'example.com/gpu': 'yes' } } })],
    reason: 'Unschedulable',
    kind: 'Pod',
    message:
      /^No node fits: 0\/\d+ nodes are available: \d+ node\(s\) didn't match Pod's node affinity\/selector/,
  },
  {
    what: 'a claim of a class that is not there',
    objects: [volumeClaim('data', 'none'), deployment('x', claimed)],
    reason: 'UnboundVolume',
    kind: 'PersistentVolumeClaim',
    message: 'storageclass.storage.k8s.io "none" not found',
  },
  {
    what: 'a pod whose claim is not there',
    objects: [deployment('x', claimed)],
    reason: 'UnboundVolume',
    kind: 'Pod',
    message: 'persistentvolumeclaim "data" not found',
  },
  {
    what: 'pods beyond the limits of the install',
    settings: { ...baseline, limits: { cpu: '100m' } },
    objects: [
      deployment('x', { container: { resources: { requests: { cpu: '1' }, limits: { cpu: '1' } } } }),
    ],
    reason: 'Quota',
    kind: 'ReplicaSet',
    message: 'exceeded quota: cnap',
  },
  {
    what: 'pods that ask for more rights than they get',
    objects: [daemonSet('x', { container: { securityContext: { privileged: true } } })],
    reason: 'PodSecurity',
    kind: 'DaemonSet',
    message: 'violates PodSecurity "baseline:latest": privileged',
  },
];

export function waitingCases({ engine, until, remove, becomeHealthy, signal }: Driver): void {
  test.each(troubles)('$what is told: $reason', async ({ objects, settings, reason, kind, message }) => {
    const target = newTarget();
    await engine.prepareNamespace(target, settings ?? baseline, signal);
    const { applied, failure } = await engine.applyObjects(target, objects, signal);
    expect(failure).toBeUndefined();
    const told = await until(
      async () =>
        (await engine.explainWaiting(target, signal)).find(
          (one) => one.reason === reason && one.ref.kind === kind,
        ),
      reason,
    );
    if (typeof message === 'string') expect(told.message).toContain(message);
    else expect(told.message).toMatch(message);
    expect(told.ref.namespace).toBe(target.namespace);
    expect((await engine.observeHealth(target, applied, signal)).state).toBe('progressing');
    if (kind === 'Pod') {
      const [pod] = await engine.listPods(target, signal);
      expect(pod).toMatchObject({ name: told.ref.name, ready: false, message: expect.stringMatching(/./) });
    }
    await remove(target, applied);
  });

  test('webhooks that nobody answers are told, and waited for where the source says so', async () => {
    const target = newTarget();
    const { namespace } = target;
    await engine.prepareNamespace(target, baseline, signal);
    const configuration = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: namespace },
      webhooks: [
        {
          name: 'hook.example.com',
          clientConfig: { service: { namespace, name: 'hook' } },
          rules: [
            { apiGroups: ['example.com'], apiVersions: ['*'], operations: ['CREATE'], resources: ['*'] },
          ],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    };
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'hook' },
      spec: { selector: { app: 'hook' }, ports: [{ port: 443 }] },
    };
    const first = await engine.applyObjects(target, [configuration], signal);
    expect(first.failure).toBeUndefined();
    const health = (wait = false) =>
      engine.observeHealth(
        target,
        first.applied.map((entry) => ({ ...entry, wait })),
        signal,
      );
    const said = `ValidatingWebhookConfiguration ${namespace}: calls Service ${namespace}/hook`;
    expect(await health()).toMatchObject({ state: 'current', warnings: [`${said}, which is not there`] });
    const second = await engine.applyObjects(target, [service], signal);
    expect((await health()).warnings).toEqual([`${said}, behind which no pod is ready`]);
    expect(await health(true)).toMatchObject({
      state: 'progressing',
      message: `${said}, behind which no pod is ready`,
      warnings: [],
    });
    const third = await engine.applyObjects(target, [deployment('hook')], signal);
    await until(async () => ((await health(true)).state === 'current' ? true : undefined), 'answered');
    expect((await health()).warnings).toEqual([]);
    await remove(target, [...first.applied, ...second.applied, ...third.applied]);
  });

  test('a pod that is late is waited for, and is well when it is ready', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const late = deployment('x', { image: imageThat('late') });
    const { applied } = await engine.applyObjects(target, [late], signal);
    await becomeHealthy(target, applied);
    expect(await engine.explainWaiting(target, signal)).toEqual([]);
    const events = await engine.listEvents(target, applied, signal);
    expect(events.map(({ reason }) => reason)).toContain('Unhealthy');
    const [pod] = await engine.listPods(target, signal);
    expect(pod).toMatchObject({ phase: 'Running', ready: true, restarts: 0, containers: ['c'], message: '' });
    await remove(target, applied);
  });
}
