import { toJson } from '@bufbuild/protobuf';
import { type KubeObject, groupOf } from '@cnap/kubernetes';
import { InstallDriftSchema } from '@cnap/proto/cnap/installer/v1/drift';
import { InstallSchema } from '@cnap/proto/cnap/installer/v1/install';
import { PodEventSchema } from '@cnap/proto/cnap/installer/v1/pod_service';
import { ReleaseSchema } from '@cnap/proto/cnap/installer/v1/release';
import type { Keyring } from '@cnap/secrets';
import type { Logger } from '@cnap/telemetry';
import { ClusterUnavailable } from '../cluster/cluster-unavailable.ts';
import type { Database, InstallRow, ReleaseRow } from '../database.ts';
import { loadDrifts } from '../drift/store.ts';
import { driftToProto } from '../drift/to-proto.ts';
import { targetOf } from '../install/steps.ts';
import { installToProto, type Viewer } from '../install/to-proto.ts';
import { isCrd } from '../kubernetes/order.ts';
import type { PodInfo } from '../kubernetes/pod-info.ts';
import type { Engine } from '../kubernetes/port.ts';
import { eventToProto, eventsOf } from '../pod/events.ts';
import { openManifests } from '../release/manifests.ts';
import { maskLoosely, maskObject } from '../release/masking.ts';
import { loadInventory } from '../release/store.ts';
import { releaseToProto } from '../release/to-proto.ts';
import type { BundleFile } from './packed.ts';

export type BundleDeps = { db: Database; keyring: Keyring; engine: Engine; logger: Logger };
export type Bundle = {
  row: InstallRow;
  viewer: Viewer;
  /** The latest, the newest first. */
  releases: readonly ReleaseRow[];
  /** What nothing in it may say. */
  words: readonly string[];
  signal: AbortSignal;
  deps: BundleDeps;
};
export type Section = AsyncGenerator<BundleFile>;

const objectsAtATime = 20;
const logLines = 5_000;
const logCharacters = 1024 * 1024;
const around = ['Pod', 'PersistentVolumeClaim', 'ResourceQuota', 'LimitRange'];

export async function* installIn({ row, viewer, words }: Bundle): Section {
  const install = installToProto(row, viewer, []);
  yield jsonFile('install.json', maskObject('Install', toJson(InstallSchema, install), words));
}

export async function* driftIn({ row, words, deps }: Bundle): Section {
  const drifts = await deps.db.acrossWorkspaces((tx) => loadDrifts(tx, row.id));
  const drift = toJson(InstallDriftSchema, driftToProto(row, drifts));
  yield jsonFile('drift.json', maskObject('InstallDrift', drift, words));
}

/** What each applied, and how it went. */
export async function* releasesIn({ releases, words, deps }: Bundle): Section {
  for (const release of releases) {
    const { crds, objects, hooks } = openManifests(deps.keyring, release.id, release.sealed_manifests);
    const folder = `releases/${release.revision}`;
    const about = toJson(ReleaseSchema, releaseToProto(release));
    yield jsonFile(`${folder}/release.json`, maskObject('Release', about, words));
    const manifests = [...objects, ...hooks.map(({ object }) => object)];
    const shown = manifests.map((object) => maskObject(object.kind, object, words));
    // Definitions are long, and the same for everybody.
    const defined = crds.map(({ metadata }) => metadata.name);
    yield jsonFile(`${folder}/manifests.json`, { objects: shown, custom_resource_definitions: defined });
  }
}

export async function* podsIn({ row, words, deps, signal }: Bundle): Section {
  const pods = await deps.engine.listPods(targetOf(row), signal);
  yield jsonFile('pods.json', maskObject('Pods', pods, words));
}

export async function* eventsIn({ row, viewer, words, deps, signal }: Bundle): Section {
  const events = await eventsOf(row, deps, signal);
  yield jsonFile(
    'events.json',
    events.map((event) => toJson(PodEventSchema, eventToProto(event, viewer, words))),
  );
}

/** What it applied, as it is now, and what there is around it. */
export async function* objectsIn({ row, words, deps, signal }: Bundle): Section {
  const target = targetOf(row);
  const inventory = await deps.db.acrossWorkspaces((tx) => loadInventory(tx, row.id));
  const refs = inventory.filter((entry) => !isCrd(entry));
  const told = new Set<string>();
  const files = (objects: readonly KubeObject[]): BundleFile[] =>
    objects.flatMap((object) => {
      const uid = object.metadata.uid ?? '';
      if (told.has(uid)) return [];
      told.add(uid);
      return [file(object)];
    });
  const file = (object: KubeObject): BundleFile => {
    const { namespace = 'cluster-wide', name, managedFields: _owners, ...metadata } = object.metadata;
    const shown = { ...object, metadata: { name, namespace: object.metadata.namespace, ...metadata } };
    const group = groupOf(object.apiVersion);
    const kind = group.includes('.') && !group.endsWith('.k8s.io') ? `${object.kind}.${group}` : object.kind;
    const path = `objects/${plain(namespace)}/${plain(`${kind}.${name}`)}.json`;
    return jsonFile(path, maskObject(object.kind, shown, words));
  };
  for (let from = 0; from < refs.length; from += objectsAtATime) {
    const some = await deps.engine.readObjects(target, refs.slice(from, from + objectsAtATime), signal);
    yield* files(some);
  }
  for (const kind of around) {
    yield* files(await deps.engine.listObjects(target, { apiVersion: 'v1', kind }, signal));
  }
}

/** The ends of the logs of each container, and of its run before when it was restarted. */
export async function* logsIn({ row, words, deps, signal }: Bundle, leftOut: string[]): Section {
  const target = targetOf(row);
  for (const pod of await deps.engine.listPods(target, signal)) {
    for (const { container, previous } of runsOf(pod)) {
      const name = `logs/${plain(pod.name)}/${plain(container)}${previous ? '.previous' : ''}.log`;
      try {
        const asked = { pod: pod.name, container, tailLines: logLines, previous };
        const text = await deps.engine.podLogs(target, asked, signal);
        yield { path: name, text: maskLoosely(text.slice(-logCharacters), words) };
      } catch (error) {
        if (signal.aborted || error instanceof ClusterUnavailable) throw error;
        leftOut.push(`${name}: there is none`);
      }
    }
  }
}

const runsOf = (pod: PodInfo): { container: string; previous: boolean }[] =>
  pod.containers.flatMap((container) => [
    { container, previous: false },
    ...((pod.restartsOf[container] ?? 0) > 0 ? [{ container, previous: true }] : []),
  ]);

export const jsonFile = (path: string, value: unknown): BundleFile => ({
  path,
  text: `${JSON.stringify(value, null, 2)}\n`,
});

/** Short enough for every reader of archives, and no path of its own. */
const plain = (name: string): string => name.replaceAll(/[^\w.@-]/g, '_').slice(0, 200);
