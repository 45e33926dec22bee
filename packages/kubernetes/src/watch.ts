import { setTimeout as pause } from 'node:timers/promises';

import { type ApiResource, pathOf } from './discovery.ts';
import { KubernetesError, errorFromAnswer } from './kubernetes-error.ts';
import type { KubeObject } from './object.ts';
import type { Transport } from './transport.ts';

export type WatchOptions = {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  signal: AbortSignal;
  /** Asks for `metadata` alone; a server that cannot do that for a kind sends whole objects. */
  metadataOnly?: boolean | undefined;
  /** What of an object is told and remembered; applied to each as it is read. All but `managedFields` unless told. */
  condense?: ((object: KubeObject) => KubeObject) | undefined;
  /** Told when the cluster stops answering, and with undefined when it answers again. */
  onTrouble?: ((error: KubernetesError | undefined) => void) | undefined;
};

/**
 * `ADDED` also for what was there at the start, `SYNCED` when all of that has been told. After a gap the world is
 * listed anew: objects still there come as `MODIFIED`, vanished ones as `DELETED` in the state they were last in
 * by name and uid only.
 */
export type WatchEvent = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject } | { type: 'SYNCED' };

type RawEvent = { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; object: KubeObject };
type Known = Map<string, KubeObject>;

const pageSize = 500;
/** A server that ends every watch at once must not be asked in a circle. */
const shortestWatchMs = 1_000;
const longestPauseMs = 15_000;
const maxLineBytes = 16 * 1024 * 1024;
const metadataOf = (kind: string) => `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;

/** Follows a kind until the signal ends it; disconnects, expiry (410) and throttling are survived. */
export async function* watch(
  transport: Transport,
  resource: ApiResource,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const known: Known = new Map();
  const { signal } = options;
  let resourceVersion: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (resourceVersion === undefined) {
        const list = await listAll(transport, resource, options);
        yield* tellDifference(known, list.items);
        resourceVersion = list.resourceVersion;
        yield { type: 'SYNCED' };
      }
      const began = performance.now();
      const onStart = () => {
        if (failures > 0) options.onTrouble?.(undefined);
        failures = 0;
      };
      for await (const event of follow(transport, resource, options, resourceVersion, onStart)) {
        if (event.type === 'ERROR')
          throw errorFromAnswer(statusCode(event.object), JSON.stringify(event.object), undefined);
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        if (event.type === 'BOOKMARK') continue;
        remember(known, event.type, event.object);
        yield { type: event.type, object: event.object };
      }
      if (performance.now() - began < shortestWatchMs) await waitFor(shortestWatchMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      const trouble = error instanceof KubernetesError ? error : broken(error);
      if (trouble.code === 410) resourceVersion = undefined;
      else if (trouble.reason !== 'Timeout' || resourceVersion === undefined) options.onTrouble?.(trouble);
      failures += 1;
      await waitFor(trouble.retryAfterMs ?? Math.min(longestPauseMs, 250 * 2 ** failures), signal);
    }
  }
}

async function* follow(
  transport: Transport,
  resource: ApiResource,
  options: WatchOptions,
  resourceVersion: string,
  onStart: () => void,
): AsyncGenerator<RawEvent, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  const stream = transport.stream(pathOf(resource, options.namespace), {
    signal: options.signal,
    onStart,
    ...(options.metadataOnly ? { accept: metadataOf('PartialObjectMetadata') } : {}),
    query: {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      // Spread, so that the watches of many clusters do not all end at once.
      timeoutSeconds: 240 + Math.floor(Math.random() * 120),
    },
  });
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineBytes)
      throw new KubernetesError({ code: 0, reason: 'BadAnswer', message: 'an object is too large' });
    for (const line of lines) if (line.trim() !== '') yield read(line, resource, options);
  }
}

function read(line: string, resource: ApiResource, { condense = withoutOwners }: WatchOptions): RawEvent {
  try {
    const { type, object } = JSON.parse(line) as RawEvent;
    if (type === 'ERROR') return { type, object };
    // Metadata alone comes as a kind of its own.
    const named = { ...object, apiVersion: resource.apiVersion, kind: resource.kind };
    return { type, object: type === 'BOOKMARK' ? named : condense(named) };
  } catch (error) {
    throw broken(error);
  }
}

function withoutOwners(object: KubeObject): KubeObject {
  delete object.metadata['managedFields'];
  return object;
}

/** All objects of a kind, page by page, with the version from which a watch goes on. */
export async function listAll(
  transport: Transport,
  resource: ApiResource,
  options: {
    namespace?: string | undefined;
    labelSelector?: string | undefined;
    fieldSelector?: string | undefined;
    signal?: AbortSignal | undefined;
    metadataOnly?: boolean | undefined;
    condense?: ((object: KubeObject) => KubeObject) | undefined;
  },
): Promise<{ items: KubeObject[]; resourceVersion: string }> {
  const { condense = withoutOwners } = options;
  const items: KubeObject[] = [];
  let continuation: string | undefined;
  for (;;) {
    const page: { metadata: { resourceVersion: string; continue?: string }; items: KubeObject[] | null } =
      await transport.json('GET', pathOf(resource, options.namespace), {
        signal: options.signal,
        ...(options.metadataOnly ? { accept: metadataOf('PartialObjectMetadataList') } : {}),
        query: {
          limit: pageSize,
          continue: continuation,
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
        },
      });
    for (const item of page.items ?? []) {
      // Items of a list leave out what the list says once.
      items.push(condense({ ...item, apiVersion: resource.apiVersion, kind: resource.kind }));
    }
    continuation = page.metadata.continue || undefined;
    if (continuation === undefined) return { items, resourceVersion: page.metadata.resourceVersion };
  }
}

/** Vanished objects first: one of the new ones may have their name. */
function* tellDifference(known: Known, items: KubeObject[]): Generator<WatchEvent> {
  const uids = new Map(items.map((object) => [keyIn(object), object.metadata.uid]));
  for (const [key, object] of known) {
    if (uids.get(key) === object.metadata.uid) continue;
    known.delete(key);
    yield { type: 'DELETED', object };
  }
  for (const object of items) {
    const type = known.has(keyIn(object)) ? 'MODIFIED' : 'ADDED';
    remember(known, type, object);
    yield { type, object };
  }
}

/** Only what names an object is kept, with its labels: a fleet's pods would not fit otherwise. */
function remember(known: Known, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
  const { name, namespace, uid, labels } = object.metadata;
  if (type === 'DELETED') known.delete(keyIn(object));
  else {
    known.set(keyIn(object), {
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { name, ...(namespace && { namespace }), ...(uid && { uid }), ...(labels && { labels }) },
    });
  }
}

function keyIn(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function statusCode(status: KubeObject): number {
  return typeof status['code'] === 'number' ? status['code'] : 500;
}

function broken(error: unknown): KubernetesError {
  return new KubernetesError({ code: 0, reason: 'BadAnswer', message: 'the watch broke off', cause: error });
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}
