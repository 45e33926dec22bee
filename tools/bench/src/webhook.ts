import { join } from 'node:path';
import { createCnapClient } from '@cnap/client';
import type { Benchmark } from './benchmark.ts';
import type { WebhookJob } from './load/job.ts';
import { underLoad } from './load/run.ts';
import { startPlatform } from './platform.ts';
import { startProgram } from './programs.ts';
import { median, percentile } from './statistics.ts';

export const webhook: Benchmark = {
  name: 'webhook',
  summary: 'how soon a signed webhook is answered, at 100 a second',
  async run(context) {
    const { quick, progress, scratch } = context;
    progress.phase('starting the platform');
    await using platform = await startPlatform(join(scratch, 'platform'), context);
    const { dev, kept } = platform;
    const secret = kept.webhookSecret;
    const env = { DATABASE_URL: dev.database_url, WEBHOOK_SECRET: secret };
    await using bare = startProgram('bare/main.ts', env);
    const { webhook: bareUrl } = await bare.next();
    const seller = createCnapClient({
      baseUrl: dev.url,
      token: dev.seller.token,
      workspaceId: dev.seller.workspace_id,
    });
    const { sellerAccount } = await seller.sellerAccounts.getSellerAccount({});
    const job: WebhookJob = {
      kind: 'webhooks',
      url: `${dev.url}/webhooks/stripe`,
      secret,
      account: sellerAccount?.stripeAccountId ?? '',
      type: 'customer.updated', // of a known account, about nothing that an order waits for
      perSecond: 100,
      seconds: quick ? 4 : 10,
    };
    const pids = ['gateway', 'billing'].map((name) => platform.processOf(name).pid);
    progress.phase('bare');
    const alone = await underLoad({ ...job, url: String(bareUrl) }, [bare.pid]);
    progress.phase('gateway and billing');
    const through = await underLoad(job, pids);
    const beside = (value: number) => ({ what: 'bare', value });
    const cpu = ({ cpuMicros, count }: typeof alone) =>
      cpuMicros.reduce((sum, micros) => sum + micros, 0) / count;
    return {
      figures: [
        {
          what: 'answer: p50',
          value: median(through.times),
          unit: 'ms',
          beside: beside(median(alone.times)),
        },
        {
          what: 'answer: p99',
          value: percentile(through.times, 0.99),
          unit: 'ms',
          beside: beside(percentile(alone.times, 0.99)),
          goal: { most: 100 },
        },
        {
          what: 'CPU of a webhook, with what follows',
          value: cpu(through),
          unit: 'µs',
          beside: beside(cpu(alone)),
        },
      ],
      notes: [
        `${through.count} events at ${job.perSecond}/s, each with an id of its own; from when it was due to be sent to its answer.`,
        'Bare: node:http, the signature and one insert, same Postgres. Gateway and billing also read what the event is about and close it, meanwhile.',
      ],
    };
  },
};
