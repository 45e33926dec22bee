import { DomainError } from '@cnap/errors';
import type { PlacementService } from '@cnap/proto/cnap/installer/v1/placement_service';
import type { Client } from '@connectrpc/connect';
import type { Placements } from '../checkout/port.ts';
import type { ExternalCalls } from '@cnap/service';

/** The installer's fit check. */
export const installerPlacements = (
  client: Client<typeof PlacementService>,
  call: ExternalCalls,
): Placements => ({
  async checkFit(productId, regionId) {
    try {
      const answer = await call('installer.CheckFit', () => client.checkFit({ productId, regionId }));
      return {
        offered: answer.regionOffered,
        fits: answer.fits,
        reason: answer.reason,
        message: answer.message,
      };
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'not-found') return undefined;
      throw error;
    }
  },
});
