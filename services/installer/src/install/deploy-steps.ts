import { DomainError } from '@cnap/errors';
import { publish } from '@cnap/events';
import { renderChart } from '@cnap/helm';
import { newId, shortId } from '@cnap/ids';
import type { Judgement } from '../database.ts';
import { chunksOf, installOrder, splitCrds } from '../kubernetes/order.ts';
import { plannedEntry } from '../kubernetes/owned-object.ts';
import type { ApplyResult } from '../kubernetes/port.ts';
import { choose } from '../placement/plan.ts';
import { openManifests, sealManifests, type Manifests } from '../release/manifests.ts';
import { insertRelease, loadRelease, recordApplied } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { installFact } from './event.ts';
import { runHookStep } from './hook-step.ts';
import { openInputs } from './inputs.ts';
import { changeInstall, loadOf } from './store.ts';
import { pauseFor, targetOf, type Next, type Step, type StepDeps } from './steps.ts';
import { valuesOf } from './values.ts';

const chunkSize = 12;

/** Chooses the cluster. */
const place: Step = async (row, { db, catalog, clusters }) => {
  const [pack, candidates] = await Promise.all([
    catalog.package(row.package_id),
    clusters.candidates(row.product.clusterIds, row.region_id),
  ]);
  const loads = await db.acrossWorkspaces((tx) =>
    loadOf(
      tx,
      candidates.map((one) => one.clusterId),
    ),
  );
  const { chosen, judgements, message, reason } = choose(candidates, pack, loads);
  const placement = JSON.stringify(judgements satisfies Judgement[]);
  if (!chosen) {
    return {
      do: 'wait',
      afterMs: Math.max(2_000, pauseFor(row)),
      why: message,
      write: async (tx) => {
        if (row.reason === reason && row.state === 'placing') return;
        await changeInstall(tx, row.id, { state: 'placing', reason, placement });
      },
    };
  }
  return {
    do: 'go',
    step: 'render',
    write: async (tx) => {
      const changed = await changeInstall(tx, row.id, {
        state: 'deploying',
        reason: '',
        message: '',
        cluster_id: chosen.clusterId,
        namespace: `${chosen.settings.namespacePrefix}${shortId(row.id)}`,
        placement,
        conditions: withCondition(row, 'Placed', true, '', `Runs in ${chosen.regionName}.`),
      });
      await publish(tx, installFact('deploying', changed));
    },
  };
};

/** Renders the release and stores exactly what will be applied. */
const render: Step = async (row, deps, signal) => {
  const target = targetOf(row);
  const [artifact, capabilities, [candidate], pack] = await Promise.all([
    deps.catalog.artifact(row.package_digest, signal),
    deps.engine.capabilities(target.clusterId, signal),
    deps.clusters.candidates([target.clusterId], ''),
    deps.catalog.package(row.package_id),
  ]);
  const baseDomain = candidate?.settings.baseDomain ?? '';
  const host = baseDomain === '' ? '' : `${shortId(row.id)}.${baseDomain}`;
  const inputs = openInputs(deps.keyring, row);
  const values = valuesOf(row.product, inputs, { installId: row.id, namespace: target.namespace, host });
  let rendered;
  try {
    const { releaseName, namespace } = target;
    rendered = await renderChart({
      chart: artifact,
      releaseName,
      namespace,
      values,
      ...capabilities,
      signal,
    });
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'invalid-argument') {
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
  const all = [...manifests.crds, ...manifests.objects];
  const clusterWide = new Set(
    pack.kinds.filter((kind) => kind.clusterWide).map((kind) => `${kind.apiVersion} ${kind.kind}`),
  );
  // Written down before anything is applied: a crash in between leaves nothing unknown on the cluster.
  const planned = all.map((object) =>
    plannedEntry(object, target, !clusterWide.has(`${object.apiVersion} ${object.kind}`)),
  );
  const id = newId('rel');
  const sealed = sealManifests(deps.keyring, id, manifests);
  return {
    do: 'go',
    step: 'namespace',
    write: async (tx) => {
      await insertRelease(tx, {
        id,
        install_id: row.id,
        workspace_id: row.workspace_id,
        seller_workspace_id: row.seller_workspace_id,
        revision: row.revision + 1,
        package_id: row.package_id,
        package_version: row.package_version,
        state: 'applying',
        objects: JSON.stringify(
          planned.map(({ apiVersion, kind, namespace, name }) => ({
            apiVersion,
            kind,
            namespace: namespace ?? '',
            name,
          })),
        ),
        sealed_manifests: sealed,
      });
      await recordApplied(tx, row, planned);
      await changeInstall(tx, row.id, {
        release_id: id,
        revision: row.revision + 1,
        notes: rendered.notes,
        objects_applied: 0,
        objects_total: all.length,
        conditions: withCondition(row, 'Rendered', true, '', `${all.length} objects.`),
      });
    },
  };
};

const prepareNamespace: Step = async (row, { engine, catalog, clusters }, signal) => {
  const target = targetOf(row);
  const [registries, [candidate]] = await Promise.all([
    catalog.registries(row.seller_workspace_id, row.package_id),
    clusters.candidates([target.clusterId], ''),
  ]);
  const { cpuLimit = '', memoryLimit = '' } = candidate?.settings ?? {};
  const limits = {
    ...(cpuLimit === '' ? {} : { cpu: cpuLimit }),
    ...(memoryLimit === '' ? {} : { memory: memoryLimit }),
  };
  const settings = {
    podSecurity: row.product.podSecurity,
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
    ...(registries.length > 0 ? { registries } : {}),
  };
  const result = await engine.prepareNamespace(target, settings, signal);
  return afterApply(row, result, 'crds', row.objects_applied);
};

const applyCrds: Step = async (row, deps, signal) => {
  const { crds } = await manifestsOf(row, deps);
  if (crds.length === 0) return { do: 'go', step: 'pre-install' };
  const result = await deps.engine.applyCrds(targetOf(row), crds, signal);
  if (!result.failure && !result.established) {
    return {
      do: 'wait',
      afterMs: pauseFor(row),
      why: `Waits for ${result.waitingFor.join(', ')}.`,
      write: (tx) => recordApplied(tx, row, result.applied),
    };
  }
  return afterApply(row, result, 'pre-install', crds.length);
};

const applyObjects: Step = async (row, deps, signal) => {
  const { crds, objects } = await manifestsOf(row, deps);
  const chunks = chunksOf(objects, chunkSize);
  const index = row.progress_in_step.chunk ?? 0;
  const chunk = chunks[index];
  if (!chunk) return { do: 'go', step: 'health' };
  const registries = (await deps.catalog.registries(row.seller_workspace_id, row.package_id)).length > 0;
  const result = await deps.engine.applyObjects(targetOf(row), chunk, signal, { registries });
  const applied = crds.length + chunks.slice(0, index + 1).reduce((sum, one) => sum + one.length, 0);
  if (result.failure || index + 1 >= chunks.length) return afterApply(row, result, 'health', applied);
  return {
    do: 'go',
    step: 'objects',
    write: async (tx) => {
      await recordApplied(tx, row, result.applied);
      await changeInstall(tx, row.id, {
        objects_applied: applied,
        progress_in_step: JSON.stringify({ chunk: index + 1 }),
      });
    },
  };
};

function afterApply(
  row: Parameters<Step>[0],
  { applied, failure }: ApplyResult,
  step: 'crds' | 'pre-install' | 'health',
  objectsApplied: number,
): Next {
  const record: NonNullable<Next['write']> = (tx) => recordApplied(tx, row, applied);
  if (failure?.permanent)
    return { do: 'fail', reason: failure.reason, message: failure.message, write: record };
  if (failure) {
    const afterMs = Math.max(failure.retryAfterMs ?? 0, pauseFor(row));
    return { do: 'wait', afterMs, why: failure.message, write: record };
  }
  return {
    do: 'go',
    step,
    write: async (tx) => {
      await record(tx);
      if (objectsApplied !== row.objects_applied) {
        await changeInstall(tx, row.id, { objects_applied: objectsApplied });
      }
    },
  };
}

export async function manifestsOf(row: Parameters<Step>[0], { db, keyring }: StepDeps): Promise<Manifests> {
  const releaseId = row.release_id;
  if (releaseId === null) return { crds: [], objects: [], hooks: [] };
  const release = await db.acrossWorkspaces((tx) => loadRelease(tx, releaseId));
  return openManifests(keyring, releaseId, release.sealed_manifests);
}

const preInstall: Step = (row, deps, signal) => runHookStep(row, deps, signal, 'pre-install', 'objects');
const postInstall: Step = (row, deps, signal) => runHookStep(row, deps, signal, 'post-install', 'none');

export const deploySteps = {
  place,
  render,
  namespace: prepareNamespace,
  crds: applyCrds,
  'pre-install': preInstall,
  objects: applyObjects,
  'post-install': postInstall,
};
