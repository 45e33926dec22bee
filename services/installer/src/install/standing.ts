// Installs that stand by themselves: of a template made for the call, without a product.
import { createHash } from 'node:crypto';
import type { HandlerContext } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import type { StandaloneSource } from '@cnap/proto/cnap/installer/v1/install_service';
import type { Keyring } from '@cnap/secrets';
import type { InstallRow, ProductColumn, Tx } from '../database.ts';
import { makeInstall } from './make-install.ts';
import type { Catalog } from './port.ts';

type Call = { requestId: string; name: string };
type Source = Pick<StandaloneSource, 'chart' | 'values' | 'metadata'>;

export type StandingTemplate = { templateId: string; packageId: string };

/**
 * As the caller, and before anything else of the call: the template's key is made of the call's, so that a repeat
 * finds the one that was made.
 * @param purpose tells the keys of different calls apart
 */
export function makeStandingTemplate(
  catalog: Catalog,
  context: HandlerContext,
  purpose: 'standalone' | 'adopted',
  { requestId, name }: Call,
  sources: readonly Source[],
): Promise<StandingTemplate> {
  const key = requestId || newId('req');
  return catalog.makeTemplate(context.requestHeader.get('authorization') ?? '', {
    name,
    sources: sources.map(sourceOf),
    requestId: `${purpose}-${createHash('sha256').update(key).digest('hex')}`,
  });
}

/** An install of that template: the workspace is its own seller. */
export const makeStandingInstall = (
  tx: Tx,
  keyring: Keyring,
  { requestId, name }: Call,
  template: StandingTemplate,
  where: { workspaceId: string; clusterId: string; regionId: string },
): Promise<InstallRow> =>
  makeInstall(tx, keyring, {
    ...template,
    workspaceId: where.workspaceId,
    sellerWorkspaceId: where.workspaceId,
    productId: undefined,
    column: standing(where.clusterId),
    updatePolicy: 'all',
    package: undefined,
    regionId: where.regionId,
    name,
    answers: {},
    overrides: {},
    quantity: 1,
    orderId: undefined,
    idempotencyKey: requestId || undefined,
  });

/** Nothing is fixed, asked or shown, and it runs where it was sent. */
const standing = (clusterId: string): ProductColumn => ({
  clusterIds: [clusterId],
  podSecurity: 'baseline',
  ownerLogsOff: false,
  retainVolumesDays: 0,
  outputs: [],
  values: {},
  inputs: [],
});

const sourceOf = ({ chart, values, metadata }: Source) => ({
  kind: {
    case: 'helmChart' as const,
    value: {
      repoUrl: chart?.repoUrl ?? '',
      chart: chart?.chart ?? '',
      version: chart?.version ?? '',
      ...(chart?.path === undefined ? {} : { path: chart.path }),
    },
  },
  ...(values ? { values } : {}),
  ...(metadata ? { metadata } : {}),
});
