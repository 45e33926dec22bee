import { DomainError, notFound } from '@cnap/errors';
import { KubernetesError } from '@cnap/kubernetes';
import { ClusterUnavailable } from '../cluster/cluster-unavailable.ts';
import type { Database, InstallRow, InstallStateName } from '../database.ts';
import { findInstall } from '../install/store.ts';

const nowhere = new Set<InstallStateName>(['deleted', 'detached']);

/** The install when it is on a cluster; undefined before that, and after. */
export async function findPlaced(
  db: Database,
  workspaceId: string,
  id: string,
): Promise<InstallRow | undefined> {
  const row = await db.inWorkspace(workspaceId, (tx) => findInstall(tx, workspaceId, id));
  if (!row) throw notFound('install', id);
  return isPlaced(row) ? row : undefined;
}

/** Whether there is a cluster that can be asked about it. */
export const isPlaced = (row: InstallRow): boolean => row.cluster_id !== null && !nowhere.has(row.state);

/** What a cluster answered, as a caller is told; `refused` is the reason where the cluster says no. */
export async function onCluster<T>(refused: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(error, refused);
  }
}

/** The same for what a cluster goes on to say. */
export async function* fromCluster<T>(refused: string, items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    throw explained(error, refused);
  }
}

function explained(error: unknown, refused: string): unknown {
  if (error instanceof ClusterUnavailable) {
    const message = error.busy
      ? 'The install’s cluster has enough to do at the moment; try again in a few seconds.'
      : 'The install’s cluster does not answer at the moment.';
    return new DomainError('unavailable', 'CLUSTER_UNREACHABLE', message, { cause: error });
  }
  if (!(error instanceof KubernetesError)) return error;
  if (error.code === 0) {
    const message = 'The connection to the install’s cluster broke.';
    return new DomainError('unavailable', 'CLUSTER_UNREACHABLE', message, { cause: error });
  }
  if (error.code === 404) return notFound('pod', '');
  // Such as a container that waits to be started, or has another name.
  return new DomainError('failed-precondition', refused, error.message, { cause: error });
}
