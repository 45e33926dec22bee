import { expect } from 'vitest';
import type { Case } from './contract-objects.ts';
import { within } from './contract-objects.ts';
import type { Target } from './target.ts';

const pod = (name: string, image: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image }], ...more },
});

/** A pod whose image says what becomes of it: the pod when it has become so. */
async function becoming(target: Target, ns: string, tag: string, phase: string, more: object = {}) {
  const name = `${tag}-${phase.toLowerCase()}`;
  await target.call('POST', within(ns, 'pods'), pod(name, `example.com/app:${tag}`, more));
  return target.eventually(async () => {
    const { body } = await target.call('GET', within(ns, 'pods', name));
    return body.status.phase === phase && body.status.containerStatuses && body;
  });
}

const readiness = (body: { status: { conditions: { type: string; status: string }[] } }) =>
  body.status.conditions.find(({ type }) => type === 'Ready')?.status;

export const behaving: Record<string, Case> = {
  'an image says by its tag what becomes of its pods': async (target, ns) => {
    const stuck = await becoming(target, ns, 'never-pulls', 'Pending');
    expect(stuck.status.containerStatuses[0]).toMatchObject({
      ready: false,
      restartCount: 0,
      state: {
        waiting: { reason: 'ImagePullBackOff', message: expect.stringContaining('Back-off pulling image') },
      },
    });
    const broken = await becoming(target, ns, 'crashes', 'Running');
    expect(broken.status.containerStatuses[0]).toMatchObject({
      ready: false,
      restartCount: expect.any(Number),
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    });
    const failed = await becoming(target, ns, 'crashes', 'Failed', { restartPolicy: 'Never' });
    expect(failed.status.containerStatuses[0].state).toMatchObject({ terminated: { exitCode: 1 } });
    const unready = await becoming(target, ns, 'never-ready', 'Running');
    expect(readiness(unready)).toBe('False');
    expect(unready.status.containerStatuses[0]).toMatchObject({ ready: false, state: { running: {} } });
    await becoming(target, ns, 'late', 'Running');
    await target.eventually(
      async () => readiness((await target.call('GET', within(ns, 'pods', 'late-running'))).body) === 'True',
    );
    const reasons = await target.eventually(async () => {
      const { body } = await target.call('GET', within(ns, 'events'));
      const found = new Set(
        body.items
          .filter(({ type }: { type: string }) => type === 'Warning')
          .map(
            (event: { involvedObject: { name: string }; reason: string }) =>
              `${event.involvedObject.name}: ${event.reason}`,
          ),
      );
      return found.has('late-running: Unhealthy') && found;
    });
    expect([...reasons]).toEqual(
      expect.arrayContaining([
        'never-pulls-pending: Failed',
        'crashes-running: BackOff',
        'never-ready-running: Unhealthy',
      ]),
    );
  },
  'a pod on no node is told why, and has no log': async (target, ns) => {
    await target.call('POST', within(ns, 'pods'), pod('p', 'i:1', { nodeSelector: { nowhere: 'yes' } }));
    const unscheduled = await target.eventually(async () => {
      const { body } = await target.call('GET', within(ns, 'pods', 'p'));
      return body.status.conditions?.find((item: { type: string }) => item.type === 'PodScheduled');
    });
    expect(unscheduled).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    expect(await target.call('GET', `${within(ns, 'pods', 'p')}/log`)).toEqual({ code: 204, body: '' });
  },
};
