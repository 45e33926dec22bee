import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../objects/object.ts';
import type { Store } from './store.ts';

/**
 * `objects.jsonl`: a line per write (`["put", key, object]`, `["remove", key, namespace, name, version]`).
 * Rewritten as a snapshot at every start; a line torn by a crash is the last one and is dropped.
 * Lines are written within 50 ms of the change and not synced: what a test double needs.
 */
type Line = ['put', string, KubeObject] | ['remove', string, string, string, number];

export function openJournal(folder: string, store: Store): Disposable {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'objects.jsonl');
  restore(path, store);
  const snapshot = openSync(`${path}.new`, 'w');
  for (const key of store.keys()) {
    const lines = store.list(key).map((entry) => `["put",${JSON.stringify(key)},${entry.json}]\n`);
    if (lines.length > 0) writeSync(snapshot, lines.join(''));
  }
  closeSync(snapshot);
  renameSync(`${path}.new`, path);

  const file = openSync(path, 'a');
  let waiting: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    if (waiting.length > 0) writeSync(file, waiting.join(''));
    waiting = [];
  };
  const unsubscribe = store.subscribe(({ type, entry }) => {
    const key = JSON.stringify(entry.key);
    waiting.push(
      type === 'DELETED'
        ? `["remove",${key},${JSON.stringify(entry.namespace)},${JSON.stringify(entry.name)},${entry.version}]\n`
        : `["put",${key},${entry.json}]\n`,
    );
    timer ??= setTimeout(flush, 50);
  });
  return {
    [Symbol.dispose]() {
      unsubscribe();
      clearTimeout(timer);
      flush();
      closeSync(file);
    },
  };
}

function restore(path: string, store: Store): void {
  if (!existsSync(path)) return;
  const objects = new Map<string, { key: string; object: KubeObject }>();
  let version = 0;
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      continue; // the torn last line, or the empty one after the last newline
    }
    if (line[0] === 'put') {
      const { metadata } = line[2];
      version = Math.max(version, Number(metadata.resourceVersion));
      objects.set(`${line[1]}/${metadata.namespace ?? ''}/${metadata.name}`, {
        key: line[1],
        object: line[2],
      });
    } else {
      version = Math.max(version, line[4]);
      objects.delete(`${line[1]}/${line[2]}/${line[3]}`);
    }
  }
  for (const { key, object } of objects.values()) store.restore(key, object);
  store.begin(version);
}
