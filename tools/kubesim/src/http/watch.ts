import type { ServerResponse } from 'node:http';
import type { Cluster } from '../api/cluster.ts';
import type { Kind, StorageKey } from '../kinds/kind.ts';
import { apiVersionOf, storageKey } from '../kinds/kind.ts';
import { gone, invalid } from '../objects/status-error.ts';
import type { Change, Entry } from '../storage/store.ts';
import { parse } from '../storage/store.ts';
import type { Exchange } from './exchange.ts';
import type { EntryFilter } from './list.ts';
import { filterOf } from './list.ts';
import type { ResourcePath } from './path.ts';
import type { Representation } from './represent.ts';
import { representationOf, represent, textOfEntry } from './represent.ts';

interface Watcher {
  kind: Kind;
  namespace: string;
  filter: EntryFilter | undefined;
  how: Representation;
  include: string | null;
  bookmarks: boolean;
  deadline: number;
  response: ServerResponse;
}

export interface WatchHub extends Disposable {
  open(path: ResourcePath, exchange: Exchange): void;
  /** cuts every watch off, in the middle of the stream */
  drop(): number;
  count(): number;
}

/** A client that does not read is cut off when this much waits for it. */
const backlogLimit = 32 * 1024 * 1024;
const bookmarkEveryMs = 60_000;

export function createWatchHub(cluster: Cluster): WatchHub {
  const watchers = new Map<StorageKey, Map<string, Set<Watcher>>>();
  const each = (): Watcher[] =>
    [...watchers.values()].flatMap((spaces) => [...spaces.values()].flatMap((set) => [...set]));

  const unsubscribe = cluster.store.subscribe((change) => {
    const spaces = watchers.get(change.entry.key);
    if (!spaces) return;
    const plain = new Map<string, string>();
    for (const namespace of ['', change.entry.namespace || '\0']) {
      for (const watcher of spaces.get(namespace) ?? []) deliver(cluster, watcher, change, plain);
    }
  });
  let lastBookmark = cluster.now();
  const timer = setInterval(() => {
    const now = cluster.now();
    const due = now - lastBookmark >= bookmarkEveryMs;
    if (due) lastBookmark = now;
    for (const watcher of each()) {
      if (watcher.deadline <= now) watcher.response.end();
      else if (due && watcher.bookmarks)
        watcher.response.write(bookmark(watcher.kind, cluster.store.version()));
    }
  }, 1_000).unref();

  return {
    open(path, { query, request, response }) {
      const watcher: Watcher = {
        kind: path.kind,
        namespace: path.namespace,
        filter: filterOf(query, path.kind, path.name),
        how: representationOf(request.headers.accept),
        include: query.get('includeObject'),
        bookmarks: query.get('allowWatchBookmarks') === 'true',
        deadline:
          cluster.now() + (Number(query.get('timeoutSeconds')) || 1_800 + Math.random() * 1_800) * 1000,
        response,
      };
      const frames = firstFrames(cluster, watcher, query);
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
      response.flushHeaders();
      if (frames.text) response.write(frames.text);
      if (frames.ended) {
        response.end();
        return;
      }
      const key = storageKey(path.kind);
      const spaces = watchers.get(key) ?? new Map<string, Set<Watcher>>();
      watchers.set(key, spaces);
      const set = spaces.get(path.namespace) ?? new Set<Watcher>();
      spaces.set(path.namespace, set.add(watcher));
      response.on('close', () => {
        set.delete(watcher);
        if (set.size === 0 && spaces.get(path.namespace) === set) spaces.delete(path.namespace);
      });
    },
    drop() {
      const all = each();
      for (const watcher of all) watcher.response.destroy();
      return all.length;
    },
    count: () => each().length,
    [Symbol.dispose]() {
      clearInterval(timer);
      unsubscribe();
      for (const watcher of each()) watcher.response.end();
    },
  };
}

const bookmark = (kind: Kind, version: number, isInitialEnd = false): string =>
  `${JSON.stringify({
    type: 'BOOKMARK',
    object: {
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata: {
        resourceVersion: `${version}`,
        creationTimestamp: null,
        ...(isInitialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
      },
    },
  })}\n`;

/** What comes before the live changes: the present state, or what was missed since a version. */
function firstFrames(
  cluster: Cluster,
  watcher: Watcher,
  query: URLSearchParams,
): { text: string; ended?: boolean } {
  const { kind } = watcher;
  const key = storageKey(kind);
  const since = query.get('resourceVersion') ?? '';
  const initial = query.get('sendInitialEvents');
  if (initial !== null && query.get('resourceVersionMatch') !== 'NotOlderThan') {
    throw invalid({ group: 'meta.k8s.io', resource: '', kind: 'ListOptions', name: '' }, [
      {
        reason: 'FieldValueForbidden',
        message: 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        field: 'resourceVersionMatch',
      },
    ]);
  }
  const fromState = initial === 'true' || (initial === null && (since === '' || since === '0'));
  if (fromState) {
    const entries = cluster.store
      .list(key, watcher.namespace)
      .filter((entry) => watcher.filter?.(entry) ?? true);
    const added = entries.map((entry) => frame(cluster, watcher, 'ADDED', entry)).join('');
    const end = initial === 'true' && watcher.bookmarks ? bookmark(kind, cluster.store.version(), true) : '';
    return { text: added + end };
  }
  if (since === '' || since === '0') return { text: '' };
  const missed = cluster.store.since(key, Number(since));
  if (!missed) {
    const error = gone(`too old resource version: ${since} (${cluster.store.version()})`);
    return { text: `${JSON.stringify({ type: 'ERROR', object: error.body() })}\n`, ended: true };
  }
  return { text: missed.map((change) => frameOfChange(cluster, watcher, change)).join('') };
}

function deliver(cluster: Cluster, watcher: Watcher, change: Change, plain: Map<string, string>): void {
  const isPlain = watcher.how === 'object' && !watcher.filter;
  const cacheKey = isPlain ? apiVersionOf(watcher.kind) : '';
  const text = (isPlain && plain.get(cacheKey)) || frameOfChange(cluster, watcher, change);
  if (isPlain) plain.set(cacheKey, text);
  if (!text) return;
  watcher.response.write(text);
  if (watcher.response.writableLength > backlogLimit) watcher.response.destroy();
}

/** With a selector, objects that begin to match are ADDED and those that cease to are DELETED. */
function frameOfChange(cluster: Cluster, watcher: Watcher, change: Change): string {
  const { entry, previous, type } = change;
  if (watcher.namespace && entry.namespace !== watcher.namespace) return '';
  if (!watcher.filter) return frame(cluster, watcher, type, entry);
  const matched = previous ? watcher.filter(previous) : false;
  if (type === 'DELETED') return matched ? frame(cluster, watcher, type, entry) : '';
  const matches = watcher.filter(entry);
  if (matches) return frame(cluster, watcher, matched ? 'MODIFIED' : 'ADDED', entry);
  return matched ? frame(cluster, watcher, 'DELETED', entry) : '';
}

function frame(cluster: Cluster, watcher: Watcher, type: string, entry: Entry): string {
  const object =
    watcher.how === 'object'
      ? textOfEntry(entry, watcher.kind)
      : JSON.stringify(represent(parse(entry), watcher.kind, watcher.how, cluster.now(), watcher.include));
  return `{"type":"${type}","object":${object}}\n`;
}
