import { shortId } from '@cnap/ids';
import { forgottenOf } from '../cluster/detached.ts';
import { examineCandidates } from '../placement/choose-examined.ts';
import { choose } from '../placement/plan.ts';
import { withCondition } from './conditions.ts';
import { pauseFor, type Step } from './steps.ts';
import { loadOf, lockPlacement } from './store.ts';

/** Chooses the cluster. Those who choose among the same clusters do so one after the other, or two take one room. */
export const place: Step = async (row, deps, signal) => {
  const { db, catalog, clusters } = deps;
  const [pack, candidates] = await Promise.all([
    catalog.package(row.package_id),
    clusters.candidates(row.product.clusterIds, row.region_id),
  ]);
  const ids = candidates.map(({ clusterId }) => clusterId);
  // Before anybody else is kept waiting; what is found out here is true of a cluster whatever its load.
  const loads = () => db.acrossWorkspaces((tx) => loadOf(tx, ids));
  const found = await examineCandidates(deps, candidates, pack, row.product, loads, signal);
  return {
    do: 'decide',
    async decide(tx) {
      // Sent together and carried out in this order: what is read is what those before have left.
      const [, forgotten, load] = await Promise.all([
        lockPlacement(tx, ids),
        forgottenOf(tx, ids),
        loadOf(tx, ids),
      ]);
      const there = candidates.filter(({ clusterId }) => !forgotten.has(clusterId));
      const { chosen, judgements, message, reason } = choose(there, pack, load, found);
      const placement = JSON.stringify(judgements);
      if (!chosen) {
        const known = row.reason === reason && JSON.stringify(row.placement) === placement;
        const conditions = withCondition(row, 'Placed', false, reason, message);
        return {
          do: 'wait',
          afterMs: Math.max(2_000, pauseFor(row)),
          why: message,
          ...(known ? {} : { change: { state: 'placing', reason, placement, conditions } }),
        };
      }
      return {
        do: 'go',
        step: 'render',
        change: {
          state: 'deploying',
          reason: '',
          message: '',
          cluster_id: chosen.clusterId,
          namespace: `${chosen.settings.namespacePrefix}${shortId(row.id)}`,
          placement,
          conditions: withCondition(row, 'Placed', true, '', `Runs in ${chosen.regionName}.`),
        },
        fact: 'deploying',
      };
    },
  };
};
