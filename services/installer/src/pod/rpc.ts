import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { pageQuery } from '@cnap/pages';
import type { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import type { Database } from '../database.ts';
import { targetOf } from '../install/steps.ts';
import { viewerOf } from '../install/to-proto.ts';
import type { PodInfo } from '../kubernetes/pod-info.ts';
import type { Engine } from '../kubernetes/port.ts';
import { eventRpc } from './events.ts';
import { createShells, type ShellLimits } from './exec.ts';
import { followedLines, linesOf } from './logs.ts';
import { findPlaced, fromCluster, onCluster } from './placed.ts';

type Deps = { db: Database; keyring: Keyring; engine: Engine; limits: ShellLimits };

const notReady = 'LOGS_NOT_READY';

export function podRpc({ db, keyring, engine, limits }: Deps): ServiceImpl<typeof PodService> {
  const runInPod = createShells({ db, engine, limits });
  return {
    async listPods(request, context) {
      const row = await findPlaced(db, workspaceOf(context), request.installId);
      const { limit } = pageQuery({ ...request, pageToken: '' });
      const pods = row ? await onCluster(notReady, () => engine.listPods(targetOf(row), context.signal)) : [];
      const from = pods.findIndex((pod) => pod.name > request.pageToken);
      const page = from < 0 ? [] : pods.slice(from, from + limit);
      return {
        pods: page.map(({ name, containers, phase, ready, restarts, message, createTime }) => ({
          name,
          containers,
          phase,
          ready,
          restarts,
          message,
          createTime: timestampFromDate(createTime),
        })),
        nextPageToken: from >= 0 && from + limit < pods.length ? (page.at(-1)?.name ?? '') : '',
      };
    },

    ...eventRpc({ db, keyring, engine }),

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
      const pods = row ? await onCluster(notReady, () => engine.listPods(targetOf(row), context.signal)) : [];
      const named = (all: PodInfo[]) =>
        request.pod === '' ? all : all.filter(({ name }) => name === request.pod);
      const wanted = named(pods);
      if (!row || wanted.length === 0) throw notFound('pod', request.pod);
      const target = targetOf(row);
      const { signal } = context;
      const look = async () => {
        if (!(await findPlaced(db, workspaceId, request.installId))) return undefined;
        return named(await engine.listPods(target, signal));
      };
      const lines = request.follow
        ? followedLines(engine, target, wanted, request, signal, look)
        : linesOf(engine, target, wanted, request, signal);
      for await (const line of fromCluster(notReady, lines)) yield { line };
    },

    async *execPod(requests, context) {
      yield* runInPod(requests, workspaceOf(context), context.signal);
    },
  };
}
