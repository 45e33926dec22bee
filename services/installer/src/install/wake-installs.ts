import { messageOf } from '@cnap/errors';
import { wake } from '@cnap/reconcile';
import type { Logger } from '@cnap/telemetry';
import type { Database } from '../database.ts';

/** A burst of changes of one install is one wake. */
const gatherMs = 50;

/** Wakes installs whose objects changed on a cluster. A wake that is lost costs time only. */
export function wakeInstalls(
  db: Database,
  logger: Logger,
): AsyncDisposable & { wakeSoon(installId: string): void } {
  let waiting = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  const flush = async (): Promise<void> => {
    const ids = [...waiting];
    waiting = new Set();
    timer = undefined;
    if (ids.length === 0) return;
    try {
      await db.acrossWorkspaces(async (tx) => {
        const known = await tx
          .selectFrom('installs')
          .select('id')
          .where('id', 'in', ids)
          .orderBy('id')
          .execute();
        for (const { id } of known) await wake(tx, 'install', id);
      });
    } catch (error) {
      logger.warn({ installs: ids.length }, `installs could not be woken: ${messageOf(error)}`);
    }
  };

  return {
    wakeSoon(installId) {
      waiting.add(installId);
      timer ??= setTimeout(() => (running = running.then(flush)), gatherMs);
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await running;
    },
  };
}
