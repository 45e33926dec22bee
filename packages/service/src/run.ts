import { ConfigError } from '@cnap/config';
import { createLogger } from '@cnap/telemetry';
import { settle } from './settle.ts';

const stopDeadlineMs = 8_000;
/** By then everything that a service needs at rest is loaded. */
const settledAfterMs = 3_000;

/**
 * Runs a service until SIGTERM or SIGINT, then disposes of it; a second signal, or 8 s, ends it at once, and so does the
 * first one while it still starts.
 * Problems of the configuration are printed one a line, and the exit code is 78 (EX_CONFIG).
 */
export async function runService(
  name: string,
  start: () => Promise<AsyncDisposable & { url: string }>,
): Promise<void> {
  const logger = createLogger(name);
  const stopped = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.resolve(signal));
  try {
    const starting = start();
    const early = await Promise.race([stopped.promise, starting.then(() => undefined)]);
    if (early !== undefined) {
      logger.info({ signal: early }, 'stopping before it was ready');
      process.exit(0);
    }
    await using service = await starting;
    logger.info({ url: service.url }, 'ready');
    process.send?.({ ready: service.url });
    setTimeout(settle, settledAfterMs).unref();
    logger.info({ signal: await stopped.promise }, 'stopping');
    setTimeout(() => process.exit(1), stopDeadlineMs).unref();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${name} cannot start:\n${error.problems.map((line) => `  ${line}\n`).join('')}`);
      process.exit(78);
    }
    logger.error({ err: error }, 'cannot start');
    process.exit(1);
  }
  process.exit(0);
}
