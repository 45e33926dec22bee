import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { pageQuery, toPage } from '@cnap/pages';
import { PodEventSchema, type PodEvent, type PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import type { Database, InstallRow } from '../database.ts';
import { targetOf } from '../install/steps.ts';
import { viewerOf, type Viewer } from '../install/to-proto.ts';
import type { EventInfo } from '../kubernetes/pod-info.ts';
import type { Engine } from '../kubernetes/port.ts';
import { maskLoosely } from '../release/masking.ts';
import { loadInventory } from '../release/store.ts';
import { wordsOf } from '../release/words.ts';
import { findPlaced, onCluster } from './placed.ts';

type Deps = { db: Database; keyring: Keyring; engine: Engine };

const charactersAtMost = 2_000;

export const eventRpc = (deps: Deps): Pick<ServiceImpl<typeof PodService>, 'listPodEvents'> => ({
  async listPodEvents(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const row = await findPlaced(deps.db, workspaceId, request.installId);
    if (!row) return { events: [], nextPageToken: '' };
    const words = await wordsOf(row, deps);
    const all = await onCluster('CLUSTER_UNREACHABLE', () => eventsOf(row, deps, context.signal));
    const wanted = all.filter(
      (event) =>
        (request.pod === '' || (event.ref.kind === 'Pod' && event.ref.name === request.pod)) &&
        isBeyond(event, page.after),
    );
    const { rows, nextPageToken } = toPage(wanted, page, ({ lastTime: time, uid: id }) => ({ time, id }));
    const viewer = viewerOf(row, workspaceId);
    return { events: rows.map((event) => eventToProto(event, viewer, words)), nextPageToken };
  },
});

/** What the cluster reports about an install's objects, the newest first. */
export async function eventsOf(
  row: InstallRow,
  { db, engine }: Pick<Deps, 'db' | 'engine'>,
  signal: AbortSignal,
): Promise<EventInfo[]> {
  const inventory = await db.acrossWorkspaces((tx) => loadInventory(tx, row.id));
  return engine.listEvents(targetOf(row), inventory, signal);
}

function isBeyond({ lastTime, uid }: EventInfo, after: { time: Date; id: string } | undefined): boolean {
  if (!after) return true;
  const apart = lastTime.getTime() - after.time.getTime();
  return apart < 0 || (apart === 0 && uid < after.id);
}

/** Whoever does not operate the cluster is not told its machines' names. */
export function eventToProto(event: EventInfo, viewer: Viewer, words: readonly string[]): PodEvent {
  const { warning, reason, ref, component, count, firstTime, lastTime } = event;
  const said = reason === 'Scheduled' && !viewer.operates ? 'Assigned to a machine.' : event.message;
  return create(PodEventSchema, {
    type: warning ? 'Warning' : 'Normal',
    reason,
    message: maskLoosely(said, words).slice(0, charactersAtMost),
    kind: ref.kind,
    namespace: ref.namespace ?? '',
    name: ref.name,
    component,
    count,
    firstTime: timestampFromDate(firstTime),
    lastTime: timestampFromDate(lastTime),
  });
}
