import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import type { InstallService } from '@cnap/proto/cnap/installer/v1/install_service';
import { workspaceOf } from '@cnap/rpc';
import { findInstall } from '../install/store.ts';
import { viewerOf } from '../install/to-proto.ts';
import { contentsOf } from './contents.ts';
import type { BundleDeps } from './sections.ts';
import { packed } from './packed.ts';

type Bundles = Pick<ServiceImpl<typeof InstallService>, 'streamSupportBundle'>;

export type BundleLimits = { atOnce: number; longestMs: number; bytesAtMost: number };
/** Of one process of the service. */
export const bundleLimits: BundleLimits = {
  atOnce: 16,
  longestMs: 5 * 60_000,
  bytesAtMost: 100 * 1024 * 1024,
};

/** Archives for whoever looks into trouble; each is made while it is read. */
export function supportBundleRpc(deps: BundleDeps, limits = bundleLimits): Bundles {
  let open = 0;
  return {
    async *streamSupportBundle({ installId }, context) {
      const workspaceId = workspaceOf(context);
      const row = await deps.db.inWorkspace(workspaceId, (tx) => findInstall(tx, workspaceId, installId));
      if (!row) throw notFound('install', installId);
      if (open >= limits.atOnce) {
        const message = 'Many support bundles are being made.';
        throw new DomainError('resource-exhausted', 'SUPPORT_BUNDLE_TOO_MANY', message, {
          suggestion: 'Try again in a minute.',
        });
      }
      open += 1;
      try {
        const { signal } = context;
        const about = { row, viewer: viewerOf(row, workspaceId), signal, ...limits };
        for await (const chunk of packed(contentsOf(about, deps))) yield { chunk };
      } finally {
        open -= 1;
      }
    },
  };
}
