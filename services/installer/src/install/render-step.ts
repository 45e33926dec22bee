import { DomainError } from '@cnap/errors';
import { carryOverRelease, type Rendered } from '@cnap/helm';
import { newId } from '@cnap/ids';
import { type KubeObject, objectKey } from '@cnap/kubernetes';
import type { Updateable } from 'kysely';
import type { InstallRow, Tables } from '../database.ts';
import { installOrder, splitCrds } from '../kubernetes/order.ts';
import { plannedEntry } from '../kubernetes/owned-object.ts';
import type { Target } from '../kubernetes/port.ts';
import { withWaits } from '../kubernetes/wait-for.ts';
import { openManifests, sealManifests, type Manifests } from '../release/manifests.ts';
import { insertRelease, loadRelease, recordPlanned } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { openInputs } from './inputs.ts';
import { openOverrides, overridesOf, sealOverrides, type Overrides } from './overrides.ts';
import type { PackageSeen } from './port.ts';
import { renderRequest } from './render-request.ts';
import { targetOf, type RunDeps, type Step, type StepDeps } from './steps.ts';
import { withoutSecrets } from './values.ts';

/** What the chart itself is to blame for; anything else is tried again. */
const chartProblems = new Set(['invalid-argument', 'resource-exhausted']);

/** Renders the release, or takes an earlier one's manifests, and stores exactly what will be applied. */
export const render: Step = async (row, deps, signal) => {
  const target = targetOf(row);
  let made: Made;
  try {
    made = row.rollback_to === null ? await renderNew(row, target, deps, signal) : await reuse(row, deps);
  } catch (error) {
    if (error instanceof DomainError && chartProblems.has(error.kind)) {
      return { do: 'fail', reason: error.reason, message: error.message };
    }
    throw error;
  }
  const { manifests, pack } = made;
  const planned = plannedEntries(manifests, target, pack);
  const id = newId('rel');
  const sealed = sealManifests(deps.keyring, id, manifests);
  const revision = row.revision + 1;
  deps.keepManifests(id, manifests);
  return {
    do: 'go',
    step: 'namespace',
    change: {
      release_id: id,
      revision,
      ...made.change,
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
        package_id: pack.id,
        package_version: pack.version,
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
        sealed_overrides: sealOverrides(deps.keyring, id, made.overrides),
      });
      // Written down before anything is applied: a crash in between leaves nothing unknown on the cluster.
      await recordPlanned(tx, row, revision, planned);
    },
  };
};

type Made = {
  manifests: Manifests;
  pack: PackageSeen;
  overrides: Overrides;
  change: Updateable<Tables['installs']>;
};

/** Renders what an install is to run, with what was generated before; stores nothing. */
export async function renderNew(
  row: InstallRow,
  target: Target,
  deps: StepDeps & Pick<RunDeps, 'manifests'>,
  signal: AbortSignal,
): Promise<Made> {
  const pack = await deps.catalog.package(row.package_id);
  const overrides = overridesOf(deps.keyring, row);
  const once = () => renderNow(row, target, pack, overrides, deps, signal);
  // The release before has the passwords that are in use; what differs between two renderings is generated.
  const [rendered, again] =
    row.release_id === null ? [await once(), undefined] : [await once(), await once()];
  const { objects, hooks } = again ? carryOverRelease(rendered, again, await deps.manifests(row)) : rendered;
  const { crds, rest } = splitCrds(objects.filter((object) => !isOwnNamespace(object, target)));
  return {
    manifests: { crds: [...rendered.crds, ...crds], objects: installOrder(rest), hooks },
    pack,
    overrides,
    change: { notes: withoutSecrets(rendered.notes, row.product, openInputs(deps.keyring, row)) },
  };
}

/** An earlier release once more: its manifests, and from now on its package and its overrides. */
async function reuse(row: InstallRow, { db, keyring, catalog }: RunDeps): Promise<Made> {
  const release = await db.acrossWorkspaces((tx) => loadRelease(tx, row.rollback_to ?? ''));
  const pack = await catalog.package(release.package_id);
  const overrides = openOverrides(keyring, release.id, release.sealed_overrides);
  return {
    manifests: openManifests(keyring, release.id, release.sealed_manifests),
    pack,
    overrides,
    // A change that somebody made meanwhile is not undone: it is the next update.
    change: row.update_wanted
      ? {}
      : {
          package_id: pack.id,
          package_version: pack.version,
          package_digest: pack.digest,
          needs: JSON.stringify(pack.needs),
          sealed_overrides: sealOverrides(keyring, row.id, overrides),
        },
  };
}

async function renderNow(...given: Parameters<typeof renderRequest>): Promise<Rendered> {
  const [, , pack, , deps] = given;
  const rendered = await deps.renderChart(await renderRequest(...given));
  return { ...rendered, objects: withWaits(rendered, pack.sources) };
}

/** The namespace is the platform's, with what guards it; a chart that brings it as well does not change that. */
const isOwnNamespace = ({ apiVersion, kind, metadata }: KubeObject, { namespace }: Target): boolean =>
  apiVersion === 'v1' && kind === 'Namespace' && metadata.name === namespace;

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
