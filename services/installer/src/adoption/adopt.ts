import { create } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { firstResult } from '@cnap/postgres';
import {
  type AdoptReleaseRequest,
  AdoptReleaseRequestSchema,
  type AdoptReleaseResponse,
  AdoptReleaseResponseSchema,
} from '@cnap/proto/cnap/installer/v1/adoption_service';
import { workspaceOf } from '@cnap/rpc';
import { repeatable } from '@cnap/service';
import type { JsonObject } from '@bufbuild/protobuf';
import type { InstallRow, Tx } from '../database.ts';
import { ownClusters } from '../install/standalone.ts';
import { makeStandingInstall, makeStandingTemplate } from '../install/standing.ts';
import type { StepDeps } from '../install/steps.ts';
import { changeInstall } from '../install/store.ts';
import { installToProto, viewerOf } from '../install/to-proto.ts';
import { splitCrds } from '../kubernetes/order.ts';
import type { HelmRelease, Target } from '../kubernetes/port.ts';
import { onCluster } from '../pod/placed.ts';
import { sealManifests } from '../release/manifests.ts';
import { insertRelease, recordPlanned } from '../release/store.ts';

const deadlineMs = 30_000;

/**
 * A release of Helm as an install that runs and whose last release was Helm's: the package that is being built is an
 * update of that, and is undone like one.
 */
export async function adoptRelease(
  deps: StepDeps,
  request: AdoptReleaseRequest,
  context: HandlerContext,
): Promise<AdoptReleaseResponse> {
  const workspaceId = workspaceOf(context);
  const { db, catalog, clusters, engine, keyring } = deps;
  const { clusterId, namespace, releaseName, chart, values } = request;
  const [cluster] = ownClusters(workspaceId, [clusterId], await clusters.candidates([clusterId], ''));
  const where: Target = { clusterId, installId: '', namespace, releaseName };
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(deadlineMs)]);
  const found = await onCluster('CLUSTER_UNREACHABLE', () => engine.readHelmRelease(where, signal));
  if (!found) throw noRelease(where);
  const source = { chart, values: values ?? (found.values as JsonObject) };
  const template = await makeStandingTemplate(catalog, context, 'adopted', request, [source]);
  const repeat = repeatable(
    context,
    workspaceId,
    AdoptReleaseRequestSchema,
    request,
    AdoptReleaseResponseSchema,
  );
  return db.inWorkspace(workspaceId, (tx) =>
    firstResult(tx, repeat, async () => {
      await refuseTwice(tx, where);
      const row = await makeStandingInstall(tx, keyring, request, template, {
        workspaceId,
        clusterId,
        regionId: cluster?.regionId ?? '',
      });
      const adopted = await asItRuns(tx, deps, row, found, where);
      const install = installToProto(adopted, viewerOf(adopted, workspaceId), []);
      return create(AdoptReleaseResponseSchema, { install, ...template });
    }),
  );
}

/** Helm's release as the one before, so that its update carries over what it generated and prunes what it leaves. */
async function asItRuns(
  tx: Tx,
  { keyring }: StepDeps,
  row: InstallRow,
  { revision, objects, hooks, inventory }: HelmRelease,
  { clusterId, namespace, releaseName }: Target,
): Promise<InstallRow> {
  const id = newId('rel');
  const { crds, rest } = splitCrds(objects);
  await insertRelease(tx, {
    id,
    install_id: row.id,
    workspace_id: row.workspace_id,
    seller_workspace_id: row.seller_workspace_id,
    revision,
    package_id: row.package_id,
    package_version: row.package_version,
    state: 'healthy',
    message: 'Installed by Helm.',
    objects: JSON.stringify(
      inventory.map((entry) => ({
        apiVersion: entry.apiVersion,
        kind: entry.kind,
        namespace: entry.namespace ?? '',
        name: entry.name,
      })),
    ),
    sealed_manifests: sealManifests(keyring, id, { crds, objects: rest, hooks }),
    sealed_overrides: null,
  });
  await recordPlanned(tx, row, revision, inventory);
  return changeInstall(tx, row.id, {
    adopted: true,
    cluster_id: clusterId,
    namespace,
    release_name: releaseName,
    release_id: id,
    healthy_release_id: id,
    revision,
    state: 'running',
    step: 'none',
    ready_at: new Date(),
  });
}

async function refuseTwice(tx: Tx, { clusterId, namespace, releaseName }: Target): Promise<void> {
  const known = await tx
    .selectFrom('installs')
    .select('id')
    .where('cluster_id', '=', clusterId)
    .where('namespace', '=', namespace)
    .where('release_name', '=', releaseName)
    .where('state', '!=', 'deleted')
    .executeTakeFirst();
  if (!known) return;
  throw new DomainError('already-exists', 'HELM_RELEASE_ADOPTED', 'The release is an install already.', {
    metadata: { id: known.id },
  });
}

function noRelease({ namespace, releaseName }: Target): DomainError {
  const message = `Helm has no release ${releaseName} in ${namespace} that is deployed.`;
  return new DomainError('failed-precondition', 'HELM_RELEASE_NOT_FOUND', message, {
    suggestion: `Look with: helm list --namespace ${namespace}`,
  });
}
