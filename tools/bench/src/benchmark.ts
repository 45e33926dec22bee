import type { Progress } from './progress.ts';
import type { Measured } from './result.ts';

/** What a benchmark is given. */
export type Context = {
  /** Few samples: at most 15 s of measuring in place of 60. */
  quick: boolean;
  /** `kubesim` or `real`. */
  kubernetes: string;
  /** An empty folder, removed afterwards. */
  scratch: string;
  signal: AbortSignal;
  progress: Progress;
};

/** Something that can be measured by name. */
export type Benchmark = {
  name: string;
  summary: string;
  /** `--kubernetes real` is for it, too. */
  onAnyKubernetes?: boolean;
  /** Starting included; five minutes unless told. */
  longestMs?: number;
  run(context: Context): Promise<Measured>;
};

/** Repeats until there are `count` samples or the time is over; there is always one. */
export async function repeated<T>(
  { progress, signal }: Context,
  limit: { count: number; ms: number },
  once: (index: number) => Promise<T>,
): Promise<T[]> {
  const samples: T[] = [];
  const giveUpAt = performance.now() + limit.ms;
  for (let i = 0; i < limit.count && (i === 0 || performance.now() < giveUpAt); i += 1) {
    signal.throwIfAborted();
    samples.push(await once(i));
    progress.at(samples.length / limit.count);
  }
  return samples;
}
