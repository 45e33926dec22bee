// What containers say.
import { expect, test } from 'vitest';

import { baseline, newTarget } from '../engine-driver.ts';
import { type Driver, deployment } from './workloads.ts';

export function logCases({ engine, until, remove, becomeHealthy, signal }: Driver): void {
  test('logs are read, by their last lines, and followed until the reader has enough', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const { applied } = await engine.applyObjects(target, [deployment('web')], signal);
    await becomeHealthy(target, applied);
    const pod = (await engine.listPods(target, signal))[0]?.name ?? '';
    const lines = async (tailLines?: number) =>
      (await engine.podLogs(target, { pod, container: 'c', tailLines }, signal)).trimEnd().split('\n');
    expect((await lines()).length).toBeGreaterThan(0);
    expect(await lines(1)).toHaveLength(1);

    const enough = new AbortController();
    let read = '';
    const following = async () => {
      for await (const chunk of engine.followLogs(target, { pod }, enough.signal)) {
        read += new TextDecoder().decode(chunk);
        if (read.includes('\n')) enough.abort(new Error('enough'));
      }
    };
    await following().catch((error: unknown) => expect(error).toBe(enough.signal.reason));
    expect(read).toMatch(/\n/);

    await expect(engine.podLogs(target, { pod: 'nobody' }, signal)).rejects.toMatchObject({
      reason: 'NotFound',
    });
    await expect(engine.podLogs(target, { pod, container: 'other' }, signal)).rejects.toMatchObject({
      reason: 'BadRequest',
      message: expect.stringContaining(`container other is not valid for pod ${pod}`),
    });
    await remove(target, applied);
  });

  test('a pod on no node has no log', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const stuck = deployment('x', { container: { resources: { requests: { cpu: '9000' } } } });
    const { applied } = await engine.applyObjects(target, [stuck], signal);
    const pod = await until(async () => (await engine.listPods(target, signal))[0]?.name, 'made');
    expect(await engine.podLogs(target, { pod }, signal)).toBe('');
    await remove(target, applied);
  });
}
