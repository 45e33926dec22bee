import { setTimeout as pause } from 'node:timers/promises';

/** Asks `ready` every 50 ms until it says true; throws `late()` when that takes longer than `timeoutMs`. */
export async function waitUntil(
  ready: () => Promise<boolean> | boolean,
  options: { timeoutMs: number; late: () => Error; signal?: AbortSignal | undefined },
): Promise<void> {
  const end = performance.now() + options.timeoutMs;
  while (!(await ready())) {
    options.signal?.throwIfAborted();
    if (performance.now() > end) throw options.late();
    await pause(50);
  }
}
