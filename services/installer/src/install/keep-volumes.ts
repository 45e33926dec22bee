import type { InstallRow } from '../database.ts';
import type { InventoryEntry } from '../kubernetes/port.ts';
import { withCondition } from './conditions.ts';
import { targetOf, type Step } from './steps.ts';

const dayMs = 24 * 60 * 60_000;
const lookAgainMs = 60 * 60_000;

/** Whether an object stays for as long as the product keeps volumes. */
export const keptClaims =
  (row: InstallRow) =>
  ({ kind, apiVersion, namespace }: InventoryEntry): boolean =>
    row.product.retainVolumesDays > 0 &&
    kind === 'PersistentVolumeClaim' &&
    apiVersion === 'v1' &&
    namespace === row.namespace;

/** Everything else is gone: volumes stay in the namespace, which goes last, for as long as the product says. */
export const keepVolumes: Step = async (row, { engine }, signal) => {
  const then = { do: 'go', step: 'remove-namespace' } as const;
  const { retainVolumesDays: days } = row.product;
  if (days <= 0) return then;
  const until = new Date(row.step_at.getTime() + days * dayMs);
  const leftMs = until.getTime() - Date.now();
  if (leftMs <= 0) return then;
  const claims = await engine.listVolumeClaims(targetOf(row), signal);
  if (claims.length === 0) return then;
  const why = `Everything else is removed; its volumes are kept until ${until.toISOString()}.`;
  const isKnown = row.conditions.some(({ type, met }) => type === 'VolumesKept' && met);
  return {
    do: 'wait',
    afterMs: Math.min(leftMs, lookAgainMs),
    why,
    ...(isKnown ? {} : { change: { conditions: withCondition(row, 'VolumesKept', true, '', why) } }),
  };
};
