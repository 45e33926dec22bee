import type { ServiceImpl } from '@connectrpc/connect';
import { notFound } from '@cnap/errors';
import type { PlacementService } from '@cnap/proto/cnap/installer/v1/placement_service';
import type { Database } from '../database.ts';
import type { Catalog, Clusters } from '../install/port.ts';
import { loadOf } from '../install/store.ts';
import type { Logger } from '@cnap/telemetry';
import type { Engine } from '../kubernetes/port.ts';
import { examineCandidates } from './choose-examined.ts';
import { choose } from './plan.ts';
import type { ReachOf } from './reach.ts';

type Deps = {
  db: Database;
  catalog: Catalog;
  clusters: Clusters;
  engine: Engine;
  reachOf: ReachOf;
  logger: Logger;
};

export const placementRpc = (deps: Deps): ServiceImpl<typeof PlacementService> => ({
  async checkFit({ productId, regionId }, { signal }) {
    const { db, catalog, clusters } = deps;
    const product = await catalog.product(productId);
    if (!product) throw notFound('product', productId);
    const candidates = await clusters.candidates(product.column.clusterIds, regionId);
    if (candidates.length === 0) {
      return {
        fits: false,
        reason: 'NO_CLUSTER',
        message: 'The product is not offered in this region.',
        regionOffered: false,
      };
    }
    if (!product.package) {
      const message = 'The software has no package yet that could be installed.';
      return { fits: false, reason: 'PACKAGE_NOT_READY', message, regionOffered: true };
    }
    const { package: pack, column } = product;
    const ids = candidates.map((one) => one.clusterId);
    const loads = () => db.acrossWorkspaces((tx) => loadOf(tx, ids));
    const found = await examineCandidates(deps, candidates, pack, column, loads, signal, {
      patient: true,
    });
    const choice = choose(candidates, pack, await loads(), found);
    return {
      fits: choice.chosen !== undefined,
      reason: choice.reason,
      message: choice.message,
      clusters: choice.judgements,
      regionOffered: true,
    };
  },
});
