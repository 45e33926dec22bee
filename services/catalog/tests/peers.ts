// The services that the catalog calls, as small servers whose answers a test sets.
import { create } from '@bufbuild/protobuf';
import { DomainError } from '@cnap/errors';
import type { DescService } from '@bufbuild/protobuf';
import { PriceLookupService } from '@cnap/proto/cnap/billing/v1/price_lookup_service';
import { type Price, PriceKind, PriceSchema } from '@cnap/proto/cnap/billing/v1/price';
import { UsageService as BillingUsageService } from '@cnap/proto/cnap/billing/v1/usage_service';
import type { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { UsageService as InstallerUsageService } from '@cnap/proto/cnap/installer/v1/usage_service';
import { type ConnectRouter, startRpcServer } from '@cnap/rpc';
import type { TestKeys } from '@cnap/testing';

export type PeerCluster = {
  id: string;
  workspaceId: string;
  regionId: string;
  regionName: string;
  state: ClusterState;
};

export type PeerState = {
  clusters: PeerCluster[];
  /** By workspace; a workspace that is not here has no Stripe account. */
  accounts: Map<string, { chargesEnabled: boolean; prices: Price[] }>;
  /** Ids of what uses a template or product, by its id. */
  installs: Map<string, string[]>;
  orders: Map<string, string[]>;
};

export type Peers = AsyncDisposable & {
  state: PeerState;
  /** Settings that lead to them. */
  environment: Record<string, string>;
};

export const monthly = (id: string, change: Partial<Price> = {}): Price =>
  create(PriceSchema, {
    stripePriceId: id,
    label: 'Shop',
    kind: PriceKind.RECURRING,
    currency: 'eur',
    unitAmount: 900n,
    interval: 'month',
    intervalCount: 1,
    active: true,
    ...change,
  });

export async function startPeers(keys: TestKeys): Promise<Peers> {
  await using parts = new AsyncDisposableStack();
  const state: PeerState = { clusters: [], accounts: new Map(), installs: new Map(), orders: new Map() };
  const serve = async (service: string, services: DescService[], routes: (router: ConnectRouter) => void) =>
    parts.use(
      await startRpcServer({ service, port: 0, services, routes, verifyCaller: keys.verifierFor(service) }),
    ).url;

  const identity = await serve('identity', [CallerService], (router) =>
    router.rpc(CallerService.method.getSigningKeys, () => ({ jwksJson: JSON.stringify(keys.jwks) })),
  );
  const clusters = await serve('clusters', [PlacementCandidateService], (router) =>
    router.rpc(PlacementCandidateService.method.listPlacementCandidates, ({ clusterIds }) => ({
      candidates: state.clusters
        .filter(({ id }) => clusterIds.includes(id))
        .map(({ id, ...cluster }) => ({ clusterId: id, ...cluster })),
    })),
  );
  const billing = await serve('billing', [PriceLookupService, BillingUsageService], (router) => {
    router.rpc(PriceLookupService.method.lookUpPrices, ({ workspaceId, stripePriceIds }) => {
      const account = state.accounts.get(workspaceId);
      if (account === undefined) {
        throw new DomainError(
          'failed-precondition',
          'SELLER_ACCOUNT_NOT_FOUND',
          'There is no Stripe account.',
        );
      }
      const prices = account.prices.filter(({ stripePriceId }) => stripePriceIds.includes(stripePriceId));
      return { prices, chargesEnabled: account.chargesEnabled };
    });
    router.rpc(BillingUsageService.method.getUsage, ({ subject }) => usage(state.orders, subject.value));
  });
  const installer = await serve('installer', [InstallerUsageService], (router) =>
    router.rpc(InstallerUsageService.method.getUsage, ({ subject }) => usage(state.installs, subject.value)),
  );
  const owned = parts.move();
  return {
    state,
    environment: {
      CNAP_IDENTITY_URL: identity,
      CNAP_CLUSTERS_URL: clusters,
      CNAP_BILLING_URL: billing,
      CNAP_INSTALLER_URL: installer,
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function usage(users: Map<string, string[]>, id: string | undefined) {
  const ids = users.get(id ?? '') ?? [];
  return { count: ids.length, exampleIds: ids.slice(0, 10) };
}
