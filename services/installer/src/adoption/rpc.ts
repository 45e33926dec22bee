import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import { publish } from '@cnap/events';
import { chartFiles, packChart, pinnedChart, readArchive, withLiftedTags } from '@cnap/helm';
import type { AdoptionService } from '@cnap/proto/cnap/installer/v1/adoption_service';
import { workspaceOf } from '@cnap/rpc';
import { adoptRelease } from './adopt.ts';
import { installFact } from '../install/event.ts';
import { operated } from '../install/operated.ts';
import { openOverrides } from '../install/overrides.ts';
import { renderRequest } from '../install/render-request.ts';
import { changeInstall, findInstall, lockInstall } from '../install/store.ts';
import { targetOf, type StepDeps } from '../install/steps.ts';
import { openManifests } from '../release/manifests.ts';
import { loadRelease } from '../release/store.ts';

const deadlineMs = 60_000;
const command = (releaseName: string, namespace: string): string =>
  `helm upgrade --install --take-ownership ${releaseName} chart.tgz --namespace ${namespace} --values values.yaml`;

/** From Helm to the platform and back. */
export const adoptionRpc = (deps: StepDeps): ServiceImpl<typeof AdoptionService> => ({
  adoptRelease: (request, context) => adoptRelease(deps, request, context),

  async exportInstall({ installId: id }, context) {
    const workspaceId = workspaceOf(context);
    const { db, keyring, catalog } = deps;
    const row = await db.inWorkspace(workspaceId, (tx) => findInstall(tx, workspaceId, id));
    const { release_id: releaseId, state } = operated(workspaceId, row, id);
    if (!row || releaseId === null || row.wanted === 'absent') {
      throw new DomainError('failed-precondition', 'INSTALL_STATE', 'The install has no release.', {
        metadata: { state },
        suggestion: 'Try again when it runs.',
      });
    }
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(deadlineMs)]);
    const release = await db.inWorkspace(workspaceId, (tx) => loadRelease(tx, releaseId));
    const pack = await catalog.package(release.package_id);
    const overrides = openOverrides(keyring, releaseId, release.sealed_overrides);
    const target = targetOf(row);
    const request = await renderRequest(row, target, pack, overrides, deps, signal);
    const files = chartFiles(readArchive(request.chart));
    const applied = openManifests(keyring, releaseId, release.sealed_manifests);
    // As Helm will render it: to Helm, a release that it takes over is a new one.
    const rendered = await deps.renderChart({ ...request, isUpgrade: false });
    const chart = packChart({ files: pinnedChart(files, rendered, applied) });
    await db.inWorkspace(workspaceId, async (tx) => {
      await lockInstall(tx, id);
      // It holds the install's secrets: who took it is in the audit log.
      await publish(tx, installFact('exported', await changeInstall(tx, id, {})));
    });
    const { releaseName, namespace } = target;
    return {
      chart,
      // JSON is YAML, of every version.
      valuesYaml: `${JSON.stringify(withLiftedTags(files, request.values), null, 2)}\n`,
      releaseName,
      namespace,
      command: command(releaseName, namespace),
    };
  },
});
