import { cpuMicros } from '../processes.ts';
import { startProgram } from '../programs.ts';
import type { CallJob, LoadResult, WebhookJob } from './job.ts';

/** Runs a job from a process of its own, and says what CPU time these processes used while it measured. */
export async function underLoad(
  job: CallJob | WebhookJob,
  pids: readonly number[],
): Promise<LoadResult & { cpuMicros: number[] }> {
  await using load = startProgram('load/main.ts');
  load.tell(job);
  await load.next();
  const before = pids.map((pid) => cpuMicros(pid));
  const result = (await load.next()) as LoadResult;
  const after = pids.map((pid) => cpuMicros(pid));
  if (result.failed > 0)
    throw new Error(`${result.failed} of ${result.count} failed: ${result.firstFailure}`);
  return { ...result, cpuMicros: after.map((micros, i) => micros - (before[i] ?? 0)) };
}
