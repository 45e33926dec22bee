import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { signed } from '../stripe.ts';
import type { LoadResult, WebhookJob } from './job.ts';

const warmUpEvents = 100;

/** Sends at its own pace: a slow answer holds up none of the following, so waiting is measured and not hidden. */
export async function sendWebhooks(job: WebhookJob, begun: () => void): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const result: LoadResult = { count: 0, failed: 0, firstFailure: '', ms: 0, times: [] };
  const send = async (plannedAt: number, count: boolean) => {
    const failure = await post(job, agent).then(
      () => '',
      (error: unknown) => String(error),
    );
    if (!count) return;
    result.count += 1;
    if (failure !== '') result.failed += 1;
    result.firstFailure ||= failure;
    result.times.push(performance.now() - plannedAt);
  };
  for (let i = 0; i < warmUpEvents; i += 1) await send(performance.now(), false);
  begun();
  const start = performance.now();
  const sending: Promise<void>[] = [];
  for (let i = 0; i < job.perSecond * job.seconds; i += 1) {
    const plannedAt = start + (i * 1_000) / job.perSecond;
    const wait = plannedAt - performance.now();
    if (wait > 0) await pause(wait);
    sending.push(send(plannedAt, true));
  }
  await Promise.all(sending);
  agent.destroy();
  return { ...result, ms: performance.now() - start };
}

function post(job: WebhookJob, agent: Agent): Promise<void> {
  const id = `evt_${randomUUID().replaceAll('-', '')}`;
  const body = JSON.stringify({
    id,
    object: 'event',
    account: job.account,
    type: job.type,
    api_version: '2026-08-26.dahlia',
    created: Math.floor(Date.now() / 1_000),
    livemode: false,
    data: { object: { id: `cus_${id}`, object: 'customer', name: 'Somebody', metadata: {} } },
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const outgoing = request(
    job.url,
    { method: 'POST', agent, headers: signed(body, job.secret) },
    (answer) => {
      answer.resume();
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`answered ${answer.statusCode}`)),
      );
    },
  );
  outgoing.setTimeout(10_000, () => outgoing.destroy(new Error('no answer in 10 s')));
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}
