import type { ServiceIdentity } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { PriceLookupService } from '@cnap/proto/cnap/billing/v1/price_lookup_service';
import { UsageService } from '@cnap/proto/cnap/billing/v1/usage_service';
import { peerClient } from '@cnap/rpc';
import type { ExternalCalls } from '@cnap/service';
import { priceKinds } from '../price/kind.ts';
import type { PriceDirectory } from '../product/ports.ts';
import type { OrderUsage } from './usage-port.ts';

export function priceDirectory(
  baseUrl: string,
  identity: ServiceIdentity,
  external: ExternalCalls,
): PriceDirectory {
  const peer = peerClient(PriceLookupService, { baseUrl, audience: 'billing', identity });
  return {
    async prices(workspaceId, ids, signal) {
      try {
        const answer = await external('billing.LookUpPrices', () =>
          peer.lookUpPrices({ workspaceId, stripePriceIds: ids }, { signal }),
        );
        return {
          chargesEnabled: answer.chargesEnabled,
          prices: answer.prices.map(({ stripePriceId, kind, ...price }) => ({
            ...price,
            id: stripePriceId,
            kind: priceKinds[kind] ?? 'one_time',
          })),
        };
      } catch (error) {
        if (error instanceof DomainError && error.reason === 'SELLER_ACCOUNT_NOT_FOUND') return undefined;
        throw error;
      }
    },
  };
}

export function orderUsage(baseUrl: string, identity: ServiceIdentity, external: ExternalCalls): OrderUsage {
  const peer = peerClient(UsageService, { baseUrl, audience: 'billing', identity });
  return {
    async ofProduct(productId, signal) {
      const { count, exampleIds } = await external('billing.GetUsage', () =>
        peer.getUsage({ subject: { case: 'productId', value: productId } }, { signal }),
      );
      return { count, exampleIds };
    },
  };
}
