import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { KubernetesError } from '@cnap/kubernetes';
import { pageQuery } from '@cnap/pages';
import type { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { workspaceOf } from '@cnap/rpc';
import { ClusterUnavailable } from '../cluster/cluster-unavailable.ts';
import type { Database, InstallRow } from '../database.ts';
import { targetOf } from '../install/steps.ts';
import { findInstall } from '../install/store.ts';
import { viewerOf } from '../install/to-proto.ts';
import type { Engine } from '../kubernetes/port.ts';
import { linesOf } from './logs.ts';

type Deps = { db: Database; engine: Engine };

export const podRpc = ({ db, engine }: Deps): ServiceImpl<typeof PodService> => ({
  async listPods(request, context) {
    const row = await findPlaced(db, workspaceOf(context), request.installId);
    const { limit } = pageQuery({ ...request, pageToken: '' });
    const pods = row ? await onCluster(() => engine.listPods(targetOf(row), context.signal)) : [];
    const from = pods.findIndex((pod) => pod.name > request.pageToken);
    const page = from < 0 ? [] : pods.slice(from, from + limit);
    return {
      pods: page.map(({ createTime, ...pod }) => ({ ...pod, createTime: timestampFromDate(createTime) })),
      nextPageToken: from >= 0 && from + limit < pods.length ? (page.at(-1)?.name ?? '') : '',
    };
  },

  async *streamPodLogs(request, context) {
    const workspaceId = workspaceOf(context);
    const row = await findPlaced(db, workspaceId, request.installId);
    if (row && row.product.ownerLogsOff && !viewerOf(row, workspaceId).operates) {
      throw new DomainError(
        'permission-denied',
        'LOGS_NOT_OFFERED',
        'The seller does not offer the logs of this product.',
      );
    }
    const pods = row ? await onCluster(() => engine.listPods(targetOf(row), context.signal)) : [];
    const wanted = request.pod === '' ? pods : pods.filter(({ name }) => name === request.pod);
    if (!row || wanted.length === 0) throw notFound('pod', request.pod);
    const lines = linesOf(engine, targetOf(row), wanted, request, context.signal);
    for await (const line of fromCluster(lines)) yield { line };
  },
});

/** The install when it is on a cluster; undefined before that. */
async function findPlaced(db: Database, workspaceId: string, id: string): Promise<InstallRow | undefined> {
  const row = await db.inWorkspace(workspaceId, (tx) => findInstall(tx, workspaceId, id));
  if (!row) throw notFound('install', id);
  return row.cluster_id === null || row.state === 'deleted' ? undefined : row;
}

async function onCluster<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(error);
  }
}

async function* fromCluster<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    throw explained(error);
  }
}

function explained(error: unknown): unknown {
  if (error instanceof ClusterUnavailable) {
    const message = 'The install’s cluster does not answer at the moment.';
    return new DomainError('unavailable', 'CLUSTER_UNREACHABLE', message, { cause: error });
  }
  if (!(error instanceof KubernetesError)) return error;
  if (error.code === 404) return notFound('pod', '');
  // Such as a container that waits to be started, or has another name.
  return new DomainError('failed-precondition', 'LOGS_NOT_READY', error.message, { cause: error });
}
