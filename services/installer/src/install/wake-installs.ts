import { messageOf } from '@cnap/errors';
import { wakeMany } from '@cnap/reconcile';
import type { Logger } from '@cnap/telemetry';
import { sql } from 'kysely';
import type { Database, Tx } from '../database.ts';
import { idsUsing, placedInstalls } from './store.ts';

/** Changes of an install that come so close to each other are one wake. */
const gatherMs = 50;
/** After a start, installs that could have changed while nobody watched are looked at one after another. */
const apartMs = 20;
const spreadMs = 60_000;
const wakesPerTransaction = 500;

export type Waker = AsyncDisposable & {
  /** Wakes an install whose objects changed on a cluster. A wake that is lost costs time only. */
  wakeSoon(installId: string): void;
  /** Wakes all installs of a cluster. */
  wakeClusterSoon(clusterId: string): void;
  /** Wakes everything that is on a cluster: the first of each cluster at once, which makes it be watched again. */
  wakeAll(): Promise<void>;
};

export function wakeInstalls(db: Database, logger: Logger): Waker {
  let waiting = new Set<string>();
  let waitingClusters = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let quietSince = 0;

  const flush = async (): Promise<void> => {
    const ids = [...waiting];
    const clusterIds = [...waitingClusters];
    waiting = new Set();
    waitingClusters = new Set();
    timer = undefined;
    quietSince = performance.now();
    try {
      await db.acrossWorkspaces(async (tx) => {
        const onClusters = await Promise.all(clusterIds.map((id) => idsUsing(tx, 'cluster_id', id)));
        await wakeKnown(tx, [...ids, ...onClusters.flat()]);
      });
    } catch (error) {
      logger.warn({ installs: ids.length }, `installs could not be woken: ${messageOf(error)}`);
    }
  };

  const soon = (): void => {
    // The first of a burst goes at once, the rest together.
    const pauseMs = Math.max(0, gatherMs - (performance.now() - quietSince));
    timer ??= setTimeout(() => {
      running = running.then(flush);
    }, pauseMs);
  };

  return {
    wakeSoon(installId) {
      waiting.add(installId);
      soon();
    },
    wakeClusterSoon(clusterId) {
      waitingClusters.add(clusterId);
      soon();
    },
    async wakeAll() {
      const placed = await db.acrossWorkspaces(placedInstalls);
      const seen = new Set<string>();
      const withinMs = Math.min(spreadMs, placed.length * apartMs);
      for (let from = 0; from < placed.length; from += wakesPerTransaction) {
        const some = placed.slice(from, from + wakesPerTransaction);
        const tasks = some.map(({ id, cluster_id: clusterId }) => {
          const afterMs = seen.has(clusterId ?? '') ? Math.round(Math.random() * withinMs) : 0;
          seen.add(clusterId ?? '');
          return { key: id, afterMs };
        });
        await db.acrossWorkspaces((tx) => wakeMany(tx, 'install', tasks));
      }
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await running;
    },
  };
}

async function wakeKnown(tx: Tx, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const isOneOf = sql<boolean>`id = any(${[...new Set(ids)]}::text[])`;
  const known = await tx.selectFrom('installs').select('id').where(isOneOf).execute();
  await wakeMany(
    tx,
    'install',
    known.map(({ id }) => ({ key: id })),
  );
}
