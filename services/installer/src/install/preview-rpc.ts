import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { packChart, readChart } from '@cnap/helm';
import type {
  InstallService,
  PreviewInstallUpdateRequest,
  SourceValues,
} from '@cnap/proto/cnap/installer/v1/install_service';
import type { ReleaseDiff } from '@cnap/proto/cnap/installer/v1/release_diff';
import { workspaceOf } from '@cnap/rpc';
import type { InstallRow } from '../database.ts';
import { onCluster } from '../pod/placed.ts';
import { diffToProto } from '../release/diff-to-proto.ts';
import { diffReleases, type Places } from '../release/differences.ts';
import { openManifests } from '../release/manifests.ts';
import { maskText, secretWords } from '../release/masking.ts';
import { placesOf } from '../release/diff-rpc.ts';
import { loadRelease } from '../release/store.ts';
import { secretFacts } from '../release/words.ts';
import { atMost } from './at-most.ts';
import { newAnswers } from './new-answers.ts';
import { openInputs } from './inputs.ts';
import { changeable } from './operated.ts';
import { overridesOf, refuseBadUpdates, replaceOverrides, sealOverrides } from './overrides.ts';
import type { Catalog, PackageSeen } from './port.ts';
import { renderNew } from './render-step.ts';
import { targetOf, type StepDeps } from './steps.ts';
import { findInstall } from './store.ts';
import { secretsIn } from './values.ts';

type Preview = Pick<ServiceImpl<typeof InstallService>, 'previewInstallUpdate'>;

/** What an update would change: rendered like the update itself, and compared with the current release. */
export const previewRpc = (all: StepDeps): Preview => {
  // Those who look before they change do not keep those who change from rendering.
  const deps: StepDeps = { ...all, renderChart: atMost(1, all.renderChart) };
  return { previewInstallUpdate: (request, context) => preview(deps, request, context) };
};

async function preview(
  deps: StepDeps,
  { id, packageId, values, overrides, inputs }: PreviewInstallUpdateRequest,
  context: HandlerContext,
): Promise<{ releaseDiff: ReleaseDiff }> {
  const workspaceId = workspaceOf(context);
  const { db, keyring, catalog } = deps;
  const row = changeable(
    workspaceId,
    await db.inWorkspace(workspaceId, (tx) => findInstall(tx, workspaceId, id)),
    id,
  );
  if (row.release_id === null || row.cluster_id === null) {
    throw new DomainError('failed-precondition', 'INSTALL_STATE', 'The install has no release yet.', {
      metadata: { state: row.state },
      suggestion: 'Try again when it runs.',
    });
  }
  const pack = await packageFor(row, packageId, catalog);
  const sourceIds = pack.sources.map((source) => source.id);
  refuseBadUpdates('values', values, sourceIds);
  refuseBadUpdates('overrides', overrides, sourceIds);
  const sealed = openInputs(keyring, row);
  const answers = inputs === undefined ? sealed.answers : await newAnswers(row, sealed, inputs, catalog);
  const wanted: InstallRow = {
    ...row,
    package_id: pack.id,
    sealed_inputs: Buffer.from(keyring.seal(JSON.stringify({ ...sealed, answers }), row.id)),
    sealed_overrides: sealOverrides(keyring, row.id, replaceOverrides(overridesOf(keyring, row), overrides)),
  };
  const release = await db.acrossWorkspaces((tx) => loadRelease(tx, row.release_id ?? ''));
  const before = openManifests(keyring, release.id, release.sealed_manifests);
  const secrets = [...secretFacts(keyring, row), ...secretsIn(row.product, { ...sealed, answers })];
  const run = {
    ...deps,
    manifests: () => Promise.resolve(before),
    catalog: withNewValues(catalog, pack, values),
  };
  const made = await onCluster('RENDER_FAILED', () =>
    renderNew(wanted, targetOf(row), run, context.signal),
  ).catch((error: unknown) => {
    throw explained(error, secretWords(before.objects, secrets));
  });
  const after = made.manifests;
  const words = secretWords([...before.objects, ...after.objects], secrets);
  const differences = diffReleases([before, placesOf(row, release)], [after, placesIn(row, pack)], words);
  const about = { installId: id, fromReleaseId: release.id, releaseId: '', packageVersion: pack.version };
  return { releaseDiff: diffToProto(about, differences) };
}

async function packageFor(
  row: InstallRow,
  packageId: string | undefined,
  catalog: Catalog,
): Promise<PackageSeen> {
  const pack = await catalog.package(packageId ?? row.package_id).catch((error: unknown) => {
    if (error instanceof DomainError && error.kind === 'not-found') return undefined;
    throw error;
  });
  if (pack?.templateId !== row.template_id) throw notFound('package', packageId ?? row.package_id);
  if (pack.state === 'ready') return pack;
  throw new DomainError('failed-precondition', 'PACKAGE_NOT_READY', 'The package has not been built.', {
    suggestion: 'Look at the build of the package.',
  });
}

/** The package as it would be built with other base values: nothing else of it hangs on them. */
function withNewValues(
  catalog: Catalog,
  { sources }: PackageSeen,
  updates: readonly SourceValues[],
): Catalog {
  if (updates.length === 0) return catalog;
  return {
    ...catalog,
    async artifact(digest, signal) {
      const chart = readChart(await catalog.artifact(digest, signal));
      const own = updates.flatMap(({ sourceId, values = {} }) => {
        const source = sources.find(({ id }) => id === sourceId);
        return source ? [[source.alias, values] as const] : [];
      });
      const values = JSON.stringify({ ...chart.values, ...Object.fromEntries(own) });
      return packChart({ files: new Map([...chart.files, ['values.yaml', Buffer.from(values)]]) });
    },
  };
}

function placesIn(row: InstallRow, { kinds }: PackageSeen): Places {
  const clusterWide = new Set(
    kinds.filter((kind) => kind.clusterWide).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
  );
  return {
    namespace: row.namespace ?? '',
    isClusterWide: ({ apiVersion, kind }) =>
      kind === 'CustomResourceDefinition' || clusterWide.has(`${apiVersion} ${kind}`),
  };
}

/** What the chart is to blame for is told; its words may quote values. */
function explained(error: unknown, words: readonly string[]): unknown {
  if (!(error instanceof DomainError)) return error;
  if (error.kind !== 'invalid-argument' && error.kind !== 'resource-exhausted') return error;
  return new DomainError('failed-precondition', 'RENDER_FAILED', maskText(error.message, words), {
    metadata: { reason: error.reason },
    cause: error,
  });
}
