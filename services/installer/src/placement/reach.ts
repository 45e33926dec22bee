import { createHash } from 'node:crypto';
import { DomainError } from '@cnap/errors';
import type { renderChart } from '@cnap/helm';
import { isUsual } from '@cnap/kubernetes';
import type { ProductColumn } from '../database.ts';
import type { Catalog, PackageSeen } from '../install/port.ts';
import { valuesOf } from '../install/values.ts';
import { splitCrds } from '../kubernetes/order.ts';
import type { Reach } from '../kubernetes/port.ts';

/** No install is called so: what has it in its name is an install's own. */
const marker = 'fitcheck0000';
const keptAtMost = 100;
const longestMs = 30_000;

type Deps = { catalog: Pick<Catalog, 'artifact'>; renderChart: typeof renderChart };
export type ReachOf = (
  pack: PackageSeen,
  product: ProductColumn,
  capabilities: { kubeVersion: string; apiVersions: string[] },
) => Promise<Reach | undefined>;

/** Whether a package brings anything that clusters differ in. */
export const reachesOut = ({ kinds }: PackageSeen): boolean =>
  kinds.some((kind) => kind.clusterWide || !isUsual(kind));

/**
 * What a package would bring to a cluster, rendered for nobody, as a product fixes its values; undefined when it cannot
 * be rendered without a buyer's answers. The ones used last are kept.
 */
export function reachOf({ catalog, renderChart: render }: Deps): ReachOf {
  const kept = new Map<string, Promise<Reach | undefined>>();
  return (pack, product, capabilities) => {
    const name = `cnap-${marker}`;
    const facts = { installId: `ins_${marker}`, namespace: name, host: `${marker}.example.com` };
    const values = valuesOf(product, { answers: {}, quantity: 1, passwords: {} }, facts);
    const key = createHash('sha256')
      .update(JSON.stringify([pack.digest, values, capabilities]))
      .digest('base64');
    const known = kept.get(key);
    if (known) return known;
    const make = async (): Promise<Reach | undefined> => {
      const signal = AbortSignal.timeout(longestMs); // for everybody who waits for it
      const chart = await catalog.artifact(pack.digest, signal);
      try {
        const rendered = await render({
          chart,
          releaseName: name,
          namespace: name,
          values,
          ...capabilities,
          signal,
        });
        const { crds, rest } = splitCrds(rendered.objects);
        const hooks = rendered.hooks.map(({ object }) => object);
        return { marker, crds: [...rendered.crds, ...crds], objects: [...rest, ...hooks] };
      } catch (error) {
        if (error instanceof DomainError && error.kind === 'invalid-argument') return undefined;
        throw error;
      }
    };
    const made = make();
    kept.set(key, made);
    if (kept.size > keptAtMost) kept.delete(String(kept.keys().next().value));
    made.catch(() => kept.delete(key));
    return made;
  };
}
