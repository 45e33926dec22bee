import type { KubeObject } from '../objects/object.ts';
import type { StorageKey } from '../kinds/kind.ts';
import { createPacking } from './packing.ts';

/**
 * An object at rest: its JSON, and beside it only what is looked up without parsing. A fleet's objects are held as
 * text, because parsed ones take about three times the memory, and packed when they have not changed for long.
 */
export interface Entry {
  readonly key: StorageKey;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly version: number;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly owners: readonly string[];
  readonly deleting: boolean;
  readonly json: string;
}

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** for DELETED: the object as it was last, at the version of its deletion */
  readonly entry: Entry;
  readonly previous: Entry | undefined;
}

export interface Store {
  version(): number;
  get(key: StorageKey, namespace: string, name: string): Entry | undefined;
  byUid(uid: string): Entry | undefined;
  /** in the order of etcd's keys; a namespace of `''` means all */
  list(key: StorageKey, namespace?: string): Entry[];
  count(key: StorageKey, namespace?: string): number;
  /** storage keys that hold objects of this namespace */
  keysIn(namespace: string): StorageKey[];
  keys(): StorageKey[];
  ownedBy(uid: string): Entry[];
  /** writes the object under a new resourceVersion, which it also sets */
  put(key: StorageKey, object: KubeObject): Entry;
  remove(entry: Entry): void;
  subscribe(listener: (change: Change) => void): () => void;
  /** changes after a version, or `undefined` when they are no longer known */
  since(key: StorageKey, version: number): Change[] | undefined;
  restore(key: StorageKey, object: KubeObject): void;
  /** after restoring: nothing before this version is known */
  begin(version: number): void;
  forgetHistory(): void;
  /** a kind that is new: nothing before now is known of it */
  beginHistory(key: StorageKey): void;
}

export const parse = <T = KubeObject>(entry: Entry): T => JSON.parse(entry.json) as T;

const none: readonly string[] = [];

class StoredEntry implements Entry {
  readonly key: StorageKey;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly version: number;
  readonly labels: Entry['labels'];
  readonly owners: readonly string[];
  readonly deleting: boolean;
  #text: string;
  /** absent: the text is as it is */
  #packing: ReturnType<typeof createPacking> | undefined;

  constructor(key: StorageKey, object: KubeObject, version: number) {
    const { metadata } = object;
    this.key = key;
    this.namespace = metadata.namespace ?? '';
    this.name = metadata.name;
    this.uid = metadata.uid ?? '';
    this.version = version;
    this.labels = metadata.labels;
    this.owners = metadata.ownerReferences?.map((owner) => owner.uid) ?? none;
    this.deleting = metadata.deletionTimestamp !== undefined;
    this.#text = JSON.stringify(object);
  }
  get json(): string {
    return this.#packing?.unpack(this.key, this.#text) ?? this.#text;
  }
  pack(packing: ReturnType<typeof createPacking>): void {
    if (this.#packing) return;
    this.#text = packing.pack(this.key, this.#text);
    this.#packing = packing;
  }
}

const byPlace = (left: Entry, right: Entry): number =>
  left.namespace < right.namespace
    ? -1
    : left.namespace > right.namespace
      ? 1
      : left.name < right.name
        ? -1
        : 1;

/** History kept per resource for watches that resume; older ones are told 410. It is shortened some at a time. */
const historyLength = 2_000;
const shortenedBy = 500;

class History {
  readonly changes: Change[] = [];
  floor: number;
  constructor(floor: number) {
    this.floor = floor;
  }
  /** @returns what is no longer remembered */
  add(change: Change): Change[] {
    this.changes.push(change);
    if (this.changes.length < historyLength + shortenedBy) return [];
    const dropped = this.changes.splice(0, shortenedBy);
    this.floor = dropped.at(-1)?.entry.version ?? this.floor;
    return dropped;
  }
}

export function createStore(): Store {
  const kinds = new Map<StorageKey, Map<string, Map<string, Entry>>>();
  const uids = new Map<string, StoredEntry>();
  const packing = createPacking();
  const dependents = new Map<string, Set<string>>();
  const histories = new Map<StorageKey, History>();
  const listeners = new Set<(change: Change) => void>();
  let version = 1;
  let floor = 0;

  const spaceOf = (key: StorageKey, namespace: string): Map<string, Entry> => {
    let spaces = kinds.get(key);
    if (!spaces) kinds.set(key, (spaces = new Map()));
    let space = spaces.get(namespace);
    if (!space) spaces.set(namespace, (space = new Map()));
    return space;
  };
  const forgetOwners = (entry: Entry): void => {
    for (const owner of entry.owners) {
      const set = dependents.get(owner);
      set?.delete(entry.uid);
      if (set?.size === 0) dependents.delete(owner);
    }
  };
  const index = (entry: StoredEntry): void => {
    spaceOf(entry.key, entry.namespace).set(entry.name, entry);
    uids.set(entry.uid, entry);
    for (const owner of entry.owners) {
      const set = dependents.get(owner) ?? new Set();
      dependents.set(owner, set.add(entry.uid));
    }
  };
  const historyOf = (key: StorageKey): History => {
    let history = histories.get(key);
    if (!history) histories.set(key, (history = new History(floor)));
    return history;
  };
  const announce = (change: Change): void => {
    for (const { entry } of historyOf(change.entry.key).add(change)) {
      const current = uids.get(entry.uid);
      if (current === entry) current.pack(packing);
    }
    for (const listener of listeners) listener(change);
  };

  return {
    version: () => version,
    get: (key, namespace, name) => kinds.get(key)?.get(namespace)?.get(name),
    byUid: (uid) => uids.get(uid),
    list(key, namespace = '') {
      const spaces = kinds.get(key);
      if (!spaces) return [];
      const found = namespace
        ? [...(spaces.get(namespace)?.values() ?? [])]
        : [...spaces.values()].flatMap((space) => [...space.values()]);
      return found.toSorted(byPlace);
    },
    count(key, namespace = '') {
      const spaces = kinds.get(key);
      if (namespace) return spaces?.get(namespace)?.size ?? 0;
      return [...(spaces?.values() ?? [])].reduce((sum, space) => sum + space.size, 0);
    },
    keysIn: (namespace) =>
      [...kinds].filter(([, spaces]) => (spaces.get(namespace)?.size ?? 0) > 0).map(([key]) => key),
    keys: () => [...kinds.keys()],
    ownedBy: (uid) => [...(dependents.get(uid) ?? [])].flatMap((id) => uids.get(id) ?? []),
    put(key, object) {
      version += 1;
      object.metadata.resourceVersion = `${version}`;
      const entry = new StoredEntry(key, object, version);
      const previous = kinds.get(key)?.get(entry.namespace)?.get(entry.name);
      if (previous) forgetOwners(previous);
      index(entry);
      announce({ type: previous ? 'MODIFIED' : 'ADDED', entry, previous });
      return entry;
    },
    remove(entry) {
      version += 1;
      const spaces = kinds.get(entry.key);
      const space = spaces?.get(entry.namespace);
      space?.delete(entry.name);
      if (space?.size === 0) spaces?.delete(entry.namespace);
      uids.delete(entry.uid);
      forgetOwners(entry);
      const object = parse(entry);
      object.metadata.resourceVersion = `${version}`;
      announce({ type: 'DELETED', entry: new StoredEntry(entry.key, object, version), previous: entry });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    since(key, wanted) {
      const history = historyOf(key);
      if (wanted < history.floor) return undefined;
      return history.changes.filter((change) => change.entry.version > wanted);
    },
    restore(key, object) {
      const restored = Number(object.metadata.resourceVersion);
      const previous = kinds
        .get(key)
        ?.get(object.metadata.namespace ?? '')
        ?.get(object.metadata.name);
      if (previous) forgetOwners(previous);
      index(new StoredEntry(key, object, restored));
    },
    begin(at) {
      version = Math.max(version, at);
      floor = version;
    },
    beginHistory(key) {
      if (!kinds.has(key)) histories.set(key, new History(version));
    },
    forgetHistory() {
      floor = version;
      for (const history of histories.values()) {
        history.changes.length = 0;
        history.floor = version;
      }
    },
  };
}
