// Makes the load in a process of its own, so that its CPU time is nobody else's. Told one job, it tells when it
// begins to measure and what came of it.
import { tell, told } from '../programs.ts';
import { makeCalls } from './calls.ts';
import type { CallJob, WebhookJob } from './job.ts';
import { sendWebhooks } from './webhooks.ts';

for await (const message of told()) {
  const job = message as CallJob | WebhookJob;
  const begun = () => tell({ begun: true });
  tell(job.kind === 'calls' ? await makeCalls(job, begun) : await sendWebhooks(job, begun));
}
