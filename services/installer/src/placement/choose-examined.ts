import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@cnap/telemetry';
import { ClusterUnavailable } from '../cluster/cluster-unavailable.ts';
import type { ProductColumn } from '../database.ts';
import type { CandidateSeen, PackageSeen } from '../install/port.ts';
import type { Engine } from '../kubernetes/port.ts';
import { choose, type Finding, type Load } from './plan.ts';
import { reachesOut, type ReachOf } from './reach.ts';

type Deps = { engine: Pick<Engine, 'capabilities' | 'examine'>; reachOf: ReachOf; logger: Logger };

/** A cluster that has not said by then whether it takes a package is as one that does not answer. */
const patienceMs = 3_000;
/** A buyer waits for the answer. */
const longestMs = 8_000;

/**
 * Asks those clusters about a package that would be chosen, the best one first, until one of them takes it.
 * @param options `patient`: somebody waits for the answer, and a cluster that has enough to do is asked again; otherwise
 *   that is thrown
 * @returns what was found, for {@link choose}; nothing for a package that all clusters take
 */
export async function examineCandidates(
  { engine, reachOf, logger }: Deps,
  candidates: readonly CandidateSeen[],
  pack: PackageSeen,
  product: ProductColumn,
  readLoads: () => Promise<ReadonlyMap<string, Load>>,
  signal: AbortSignal,
  { patient = false } = {},
): Promise<Map<string, Finding[]>> {
  const found = new Map<string, Finding[]>();
  if (!reachesOut(pack)) return found;
  const loads = await readLoads();
  const until = performance.now() + longestMs;
  while (performance.now() < until) {
    const { chosen } = choose(candidates, pack, loads, found);
    if (!chosen || found.has(chosen.clusterId)) break;
    found.set(chosen.clusterId, await ask(chosen.clusterId));
  }
  return found;

  async function ask(clusterId: string): Promise<Finding[]> {
    const late = new Error('it takes too long');
    // A question that many wait for does not end with one of them: nobody is kept by it.
    const soon = async <T>(work: (ends: AbortSignal) => Promise<T>) => {
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(late), patienceMs);
      const ends = AbortSignal.any([signal, patience.signal]);
      const { promise: ended, reject } = Promise.withResolvers<never>();
      ends.addEventListener('abort', () => reject(ends.reason as Error), { once: true });
      return Promise.race([work(ends), ended]).finally(() => clearTimeout(timer));
    };
    const giveUp = performance.now() + patienceMs;
    const once = async (): Promise<Finding[]> => {
      const capabilities = await soon((ends) => engine.capabilities(clusterId, ends));
      const reach = await reachOf(pack, product, capabilities);
      return reach ? soon((ends) => engine.examine(clusterId, reach, ends)) : [];
    };
    try {
      for (;;) {
        try {
          return await once();
        } catch (error) {
          if (!patient || !(error instanceof ClusterUnavailable) || !error.busy) throw error;
          // Enough to do is no reason against a cluster.
          if (performance.now() > giveUp) return [];
          await pause(error.retryAfterMs, undefined, { signal });
        }
      }
    } catch (error) {
      if (error instanceof ClusterUnavailable && error.busy) throw error;
      if (!(error instanceof ClusterUnavailable) && error !== late) throw error;
      logger.debug({ clusterId, err: error }, 'a cluster could not be asked about a package');
      return [{ reason: 'CLUSTER_UNAVAILABLE', message: 'does not answer at the moment' }];
    }
  }
}
