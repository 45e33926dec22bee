import { DomainError } from '@cnap/errors';
import type { Rendered } from '@cnap/helm';
import { newId, shortId } from '@cnap/ids';
import { objectKey } from '@cnap/kubernetes';
import type { InstallRow } from '../database.ts';
import { installOrder, splitCrds } from '../kubernetes/order.ts';
import { plannedEntry } from '../kubernetes/owned-object.ts';
import type { Target } from '../kubernetes/port.ts';
import { sealManifests, type Manifests } from '../release/manifests.ts';
import { insertRelease, recordApplied } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { openInputs } from './inputs.ts';
import type { PackageSeen } from './port.ts';
import { targetOf, type RunDeps, type Step } from './steps.ts';
import { valuesOf } from './values.ts';

/** What the chart itself is to blame for; anything else is tried again. */
const chartProblems = new Set(['invalid-argument', 'resource-exhausted']);

/** Renders the release and stores exactly what will be applied. */
export const render: Step = async (row, deps, signal) => {
  const target = targetOf(row);
  const pack = await deps.catalog.package(row.package_id);
  let rendered: Rendered;
  try {
    rendered = await renderFor(row, target, deps, signal);
  } catch (error) {
    if (error instanceof DomainError && chartProblems.has(error.kind)) {
      return { do: 'fail', reason: error.reason, message: error.message };
    }
    throw error;
  }
  const { crds, rest } = splitCrds(rendered.objects);
  const manifests: Manifests = {
    crds: [...rendered.crds, ...crds],
    objects: installOrder(rest),
    hooks: rendered.hooks,
  };
  const planned = plannedEntries(manifests, target, pack);
  const id = newId('rel');
  const sealed = sealManifests(deps.keyring, id, manifests);
  const revision = row.revision + 1;
  return {
    do: 'go',
    step: 'namespace',
    change: {
      release_id: id,
      revision,
      notes: rendered.notes,
      objects_applied: 0,
      objects_total: planned.length,
      conditions: withCondition(row, 'Rendered', true, '', `${planned.length} objects.`),
    },
    async also(tx) {
      await insertRelease(tx, {
        id,
        install_id: row.id,
        workspace_id: row.workspace_id,
        seller_workspace_id: row.seller_workspace_id,
        revision,
        package_id: row.package_id,
        package_version: row.package_version,
        state: 'applying',
        objects: JSON.stringify(
          planned.map(({ apiVersion, kind, namespace = '', name }) => ({
            apiVersion,
            kind,
            namespace,
            name,
          })),
        ),
        sealed_manifests: sealed,
      });
      // Written down before anything is applied: a crash in between leaves nothing unknown on the cluster.
      await recordApplied(tx, row, planned);
    },
  };
};

async function renderFor(
  row: InstallRow,
  target: Target,
  { catalog, clusters, engine, keyring, renderChart }: RunDeps,
  signal: AbortSignal,
): Promise<Rendered> {
  const [chart, capabilities, [candidate]] = await Promise.all([
    catalog.artifact(row.package_digest, signal),
    engine.capabilities(target.clusterId, signal),
    clusters.candidates([target.clusterId], ''),
  ]);
  const { releaseName, namespace } = target;
  const baseDomain = candidate?.settings.baseDomain ?? '';
  const host = baseDomain === '' ? '' : `${shortId(row.id)}.${baseDomain}`;
  const values = valuesOf(row.product, openInputs(keyring, row), { installId: row.id, namespace, host });
  return renderChart({ chart, releaseName, namespace, values, ...capabilities, signal });
}

function plannedEntries({ crds, objects }: Manifests, target: Target, { kinds }: PackageSeen) {
  const clusterWide = new Set(
    kinds.filter((kind) => kind.clusterWide).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
  );
  const entries = [...crds, ...objects].map((object) =>
    plannedEntry(
      object,
      target,
      object.kind !== 'CustomResourceDefinition' && !clusterWide.has(`${object.apiVersion} ${object.kind}`),
    ),
  );
  return [...new Map(entries.map((entry) => [objectKey(entry), entry])).values()];
}
