import type { Cluster } from '../api/cluster.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Controller, ControllerContext, Place } from './controller.ts';

interface Item {
  controller: Controller;
  place: Place;
  id: string;
}

const batch = 200;
const tickMs = 20;
const retryMs = 1_000;

/** One queue for all controllers, and one timer for everything that waits. */
export function runControllers(
  cluster: Cluster,
  controllers: Controller[],
  options: Omit<ControllerContext, 'wakeAfter' | 'cluster'>,
): Disposable {
  const queue = new Map<string, Item>();
  const later = new Map<number, Map<string, Item>>();
  let scheduled: NodeJS.Immediate | undefined;
  let stopped = false;

  const enqueue = (item: Item): void => {
    queue.set(item.id, item);
    if (!stopped) scheduled ??= setImmediate(work);
  };
  const wait = (item: Item, milliseconds: number): void => {
    const tick = Math.ceil((cluster.now() + milliseconds) / tickMs);
    const items = later.get(tick) ?? new Map<string, Item>();
    later.set(tick, items.set(item.id, item));
  };
  const work = (): void => {
    scheduled = undefined;
    let left = batch;
    for (const [id, item] of queue) {
      if (left-- === 0) break;
      queue.delete(id);
      try {
        item.controller.reconcile(item.place, { ...options, cluster, wakeAfter: (ms) => wait(item, ms) });
      } catch (error) {
        if (!(error instanceof StatusError))
          process.stderr.write(`kubesim: ${id}: ${error instanceof Error ? error.stack : String(error)}\n`);
        wait(item, retryMs);
      }
    }
    if (queue.size > 0 && !stopped) scheduled ??= setImmediate(work);
  };
  const timer = setInterval(() => {
    const now = cluster.now() / tickMs;
    for (const [tick, items] of later) {
      if (tick > now) continue;
      later.delete(tick);
      for (const item of items.values()) enqueue(item);
    }
  }, tickMs).unref();

  const byKey = new Map<string, Controller[]>();
  for (const controller of controllers) {
    for (const key of Object.keys(controller.watches))
      byKey.set(key, [...(byKey.get(key) ?? []), controller]);
  }
  const unsubscribe = cluster.store.subscribe((change) => {
    for (const key of [change.entry.key, '*']) {
      for (const controller of byKey.get(key) ?? []) {
        for (const place of controller.watches[key]?.(change, cluster) ?? []) {
          enqueue({ controller, place, id: `${controller.name}/${place.namespace}/${place.name}` });
        }
      }
    }
  });
  // What a data folder brought is looked at once.
  for (const key of cluster.store.keys()) {
    for (const entry of cluster.store.list(key)) {
      for (const controller of [...(byKey.get(key) ?? []), ...(byKey.get('*') ?? [])]) {
        const change = { type: 'ADDED', entry, previous: undefined } as const;
        for (const place of (controller.watches[key] ?? controller.watches['*'])?.(change, cluster) ?? []) {
          enqueue({ controller, place, id: `${controller.name}/${place.namespace}/${place.name}` });
        }
      }
    }
  }
  return {
    [Symbol.dispose]() {
      stopped = true;
      unsubscribe();
      clearInterval(timer);
      if (scheduled) clearImmediate(scheduled);
    },
  };
}
