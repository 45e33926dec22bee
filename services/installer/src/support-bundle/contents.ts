import { KubernetesError } from '@cnap/kubernetes';
import { ClusterUnavailable } from '../cluster/cluster-unavailable.ts';
import type { InstallRow, ReleaseRow } from '../database.ts';
import type { Viewer } from '../install/to-proto.ts';
import { isPlaced } from '../pod/placed.ts';
import { openManifests } from '../release/manifests.ts';
import { maskLoosely, secretWords } from '../release/masking.ts';
import { latestReleases } from '../release/store.ts';
import { secretFacts } from '../release/words.ts';
import { targetOf } from '../install/steps.ts';
import type { BundleFile } from './packed.ts';
import {
  driftIn,
  eventsIn,
  installIn,
  jsonFile,
  logsIn,
  objectsIn,
  podsIn,
  releasesIn,
  type Bundle,
  type BundleDeps,
  type Section,
} from './sections.ts';

/** Whose bundle it is, for whom, and how much of it there may be. */
export type About = {
  row: InstallRow;
  viewer: Viewer;
  signal: AbortSignal;
  longestMs: number;
  bytesAtMost: number;
};

const releasesAtMost = 3;

/**
 * What is in a support bundle, file by file. A part that cannot be read is named in the last file, and does not keep
 * the others out; nor does a limit.
 */
export async function* contentsOf(about: About, deps: BundleDeps): AsyncGenerator<BundleFile> {
  const { row, viewer } = about;
  const timeOut = AbortSignal.timeout(about.longestMs);
  const leftOut: string[] = [];
  const releases = await deps.db.acrossWorkspaces((tx) => latestReleases(tx, row.id, releasesAtMost));
  const bundle: Bundle = {
    row,
    viewer,
    releases,
    words: storedWords(row, releases, deps),
    signal: AbortSignal.any([about.signal, timeOut]),
    deps,
  };
  let left = about.bytesAtMost;
  const take = async function* (name: string, section: Section): AsyncGenerator<BundleFile> {
    try {
      for await (const file of section) {
        left -= Buffer.byteLength(file.text);
        if (left < 0) return void leftOut.push(`${name}: the bundle is full`);
        yield file;
      }
    } catch (error) {
      if (about.signal.aborted) throw error;
      const why = timeOut.aborted ? 'there was no time left' : reasonOf(error, deps, bundle);
      leftOut.push(`${name}: ${why}`);
    }
  };

  yield* take('install', installIn(bundle));
  if (viewer.operates) {
    yield* take('drift', driftIn(bundle));
    yield* take('releases', releasesIn(bundle));
  }
  if (!isPlaced(row)) {
    leftOut.push('objects, events and logs: it is not on a cluster');
  } else {
    yield* take('secrets to be masked', secretsOnCluster(bundle));
    // Without knowing what is secret there, nothing is shown of what is there.
    if (!leftOut.some((one) => one.startsWith('secrets'))) {
      yield* take('pods', podsIn(bundle));
      yield* take('events', eventsIn(bundle));
      if (viewer.operates) yield* take('objects', objectsIn(bundle));
      if (viewer.operates || !row.product.ownerLogsOff) yield* take('logs', logsIn(bundle, leftOut));
    }
  }
  yield jsonFile('about.json', { install: row.id, made_at: new Date().toISOString(), left_out: leftOut });
}

/** What releases brought, and what else is secret about an install. */
function storedWords(row: InstallRow, releases: readonly ReleaseRow[], { keyring }: BundleDeps): string[] {
  const objects = releases.flatMap(({ id, sealed_manifests: sealed }) => {
    const manifests = openManifests(keyring, id, sealed);
    return [...manifests.objects, ...manifests.hooks.map(({ object }) => object)];
  });
  return secretWords(objects, secretFacts(keyring, row));
}

/** What hooks and operators made on the cluster is secret, too. Adds to the words; has no file. */
async function* secretsOnCluster(bundle: Bundle): Section {
  const { row, deps, signal } = bundle;
  const secrets = await deps.engine.listObjects(targetOf(row), { apiVersion: 'v1', kind: 'Secret' }, signal);
  const words = new Set([...bundle.words, ...secretWords(secrets)]);
  bundle.words = [...words].toSorted((a, b) => b.length - a.length);
  yield* [];
}

/** In words that are nobody's secret: what a cluster says names its address. */
function reasonOf(error: unknown, { logger }: BundleDeps, { row, words }: Bundle): string {
  if (error instanceof ClusterUnavailable) return 'the cluster does not answer';
  if (error instanceof KubernetesError && error.code > 0) return maskLoosely(error.message, words);
  logger.warn({ installId: row.id, err: error }, 'a part of a support bundle cannot be read');
  return 'it could not be read';
}
