import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { type KubeObject, type ObjectRef, objectKey, refOf } from '@cnap/kubernetes';
import type { ReleaseService } from '@cnap/proto/cnap/installer/v1/release_service';
import { workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import type { Database, InstallRow, ReleaseRow } from '../database.ts';
import { targetOf } from '../install/steps.ts';
import { findInstall } from '../install/store.ts';
import { pairsOf } from '../kubernetes/drift.ts';
import type { Engine, InventoryEntry } from '../kubernetes/port.ts';
import { isPlaced, onCluster } from '../pod/placed.ts';
import { diffToProto } from './diff-to-proto.ts';
import { diffCluster, diffReleases, type Differences, type Places } from './differences.ts';
import { openManifests, type Manifests } from './manifests.ts';
import { secretWords } from './masking.ts';
import { secretFacts } from './words.ts';
import { findRelease, loadPlanned } from './store.ts';

type Deps = { db: Database; keyring: Keyring; engine: Engine };
type Opened = { release: ReleaseRow; manifests: Manifests };

export const diffRpc = ({
  db,
  keyring,
  engine,
}: Deps): Pick<ServiceImpl<typeof ReleaseService>, 'diffReleases'> => {
  const load = async (workspaceId: string, id: string) => {
    const found = await db.inWorkspace(workspaceId, async (tx) => {
      const release = await findRelease(tx, workspaceId, id);
      const row = release && (await findInstall(tx, workspaceId, release.install_id));
      return row && { release, row };
    });
    if (!found) throw notFound('release', id);
    const { release, row } = found;
    return { row, release, manifests: openManifests(keyring, release.id, release.sealed_manifests) };
  };

  return {
    async diffReleases({ id, fromReleaseId }, context) {
      const workspaceId = workspaceOf(context);
      const { row, ...after } = await load(workspaceId, id);
      const about = {
        installId: row.id,
        fromReleaseId,
        releaseId: id,
        packageVersion: after.release.package_version,
      };
      const secrets = secretFacts(keyring, row);
      if (fromReleaseId === '') {
        const differences = await besideCluster(row, after, secrets, { db, engine }, context.signal);
        return { releaseDiff: diffToProto(about, differences) };
      }
      const { row: other, ...before } = await load(workspaceId, fromReleaseId);
      if (other.id !== row.id) throw notFound('release', fromReleaseId);
      const words = secretWords([...before.manifests.objects, ...after.manifests.objects], secrets);
      const differences = diffReleases(inPlace(row, before), inPlace(row, after), words);
      return { releaseDiff: diffToProto(about, differences) };
    },
  };
};

const inPlace = (row: InstallRow, { release, manifests }: Opened): [Manifests, Places] => [
  manifests,
  placesOf(row, release),
];

/** Where the objects of a stored release belong. */
export function placesOf(row: InstallRow, release: ReleaseRow): Places {
  const clusterWide = new Set(
    release.objects.flatMap(({ namespace, ...ref }) => (namespace === '' ? [objectKey(ref)] : [])),
  );
  const isClusterWide = (object: KubeObject) =>
    clusterWide.has(objectKey({ ...refOf(object), namespace: undefined }));
  return { namespace: row.namespace ?? '', isClusterWide };
}

async function besideCluster(
  row: InstallRow,
  { release, manifests }: Opened,
  secrets: readonly unknown[],
  { db, engine }: Pick<Deps, 'db' | 'engine'>,
  signal: AbortSignal,
): Promise<Differences> {
  if (!isPlaced(row) || row.wanted === 'absent') {
    throw new DomainError('failed-precondition', 'INSTALL_STATE', 'The install is not on a cluster.', {
      metadata: { state: row.state },
    });
  }
  const target = targetOf(row);
  const planned = release.objects.map(({ namespace, ...ref }): InventoryEntry => ({
    ...ref,
    ...(namespace === '' ? {} : { namespace }),
    uid: '',
  }));
  const { pairs } = pairsOf([...manifests.crds, ...manifests.objects], planned, target);
  const registries = row.pull_secret;
  const compared = await onCluster('INSTALL_STATE', () =>
    engine.compareObjects(target, pairs, signal, { registries }),
  );
  const kept = new Set(planned.map(objectKey));
  const applied = await db.acrossWorkspaces((tx) => loadPlanned(tx, row.id));
  const gone = applied.filter((entry): boolean => !kept.has(objectKey(entry)));
  const refs = gone.map(({ apiVersion, kind, namespace, name }): ObjectRef => ({
    apiVersion,
    kind,
    namespace,
    name,
  }));
  return diffCluster(compared, refs, secretWords(manifests.objects, secrets));
}
