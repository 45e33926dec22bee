import { setTimeout as pause } from 'node:timers/promises';

export interface EventuallyOptions {
  /** 2 min unless told: generous, as it only ever matters when the test fails. */
  timeoutMs?: number;
  /** Between two looks; 25 ms unless told. */
  everyMs?: number;
}

/**
 * Runs `check` until it neither throws nor returns false, and returns what it returned. When time is up,
 * the last error is thrown, so that the test says what was still wrong.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const { timeoutMs = 120_000, everyMs = 25 } = options;
  const end = performance.now() + timeoutMs;
  for (;;) {
    let wrong: unknown;
    try {
      const result = await check();
      if (result !== false) return result as Exclude<T, false>;
      wrong = new Error(`still false: ${check.toString().slice(0, 200)}`);
    } catch (error) {
      wrong = error;
    }
    if (performance.now() > end) {
      if (wrong instanceof Error) wrong.message = `not within ${timeoutMs} ms: ${wrong.message}`;
      throw wrong;
    }
    await pause(everyMs);
  }
}
