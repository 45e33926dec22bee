import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import { withActor, withTrace } from '@cnap/telemetry';
import { Pool } from 'pg';
import { holdLease, type Lease } from './lease.ts';
import { LeaseLost, type Outcome, type Reconcile, type ReconcileContext } from './outcome.ts';
import * as store from './task-store.ts';
import type { ClaimedTask } from './task-store.ts';
import { channelOf } from './wake.ts';

/** How a service's reconcilers run. */
export type ReconcilerOptions = {
  // oxlint-disable-next-line no-explicit-any -- the queue does not know the service's tables
  db: Database<any>;
  /** By kind. Tasks of other kinds are left to others. */
  reconcilers: Record<string, Reconcile>;
  /** Resources at once, 10 unless told. A slow one takes one of these places and nothing else. */
  concurrency?: number;
  /** After so long without a sign of life a worker's tasks are taken over; 5 s unless told. */
  leaseMs?: number;
  /** How often to look without being notified; 500 ms unless told. */
  pollMs?: number;
  /** The pause after a first failure, 1 s unless told; it doubles up to `longestPauseMs`, 5 minutes. */
  firstPauseMs?: number;
  longestPauseMs?: number;
  /** How long a run may take to end after its signal when the process stops; 5 s unless told. */
  shutdownMs?: number;
  /** Hears of failed runs, and of a database that does not answer. */
  onError?: (error: unknown, where: { doing: string; kind?: string; key?: string }) => void;
};

/** Running reconcilers. Disposing gives what is unfinished back at once. */
export type Reconcilers = AsyncDisposable & {
  /** Waits until nothing is due or running; what waits for a later time does not count. For tests. */
  idle(): Promise<void>;
};

type Running = { task: ClaimedTask; lease: Lease; ended: Promise<void> };

/** Starts working on the queue of `db`'s schema. A database that is down is waited for. */
export function startReconcilers(options: ReconcilerOptions): Promise<Reconcilers> {
  const { db, reconcilers, concurrency = 10, leaseMs = 5_000, pollMs = 500, shutdownMs = 5_000 } = options;
  const { firstPauseMs = 1_000, longestPauseMs = 300_000, onError = () => undefined } = options;
  const kinds = Object.keys(reconcilers);
  const running = new Map<string, Running>();
  const stop = new AbortController();
  const alarm = createAlarm();

  async function claim(): Promise<boolean> {
    const free = concurrency - running.size;
    if (free <= 0) return false;
    const askedAt = performance.now();
    const tasks = await store.claimTasks(db, kinds, free, leaseMs);
    for (const task of tasks) begin(task, holdLease(leaseMs, askedAt));
    return tasks.length === free;
  }

  function begin(task: ClaimedTask, lease: Lease): void {
    const ended = run(task, lease.signal)
      .catch((error: unknown) => onError(error, { doing: 'finish', kind: task.kind, key: task.key }))
      .finally(() => {
        lease.end();
        running.delete(task.lease_token);
        alarm.ring();
      });
    running.set(task.lease_token, { task, lease, ended });
  }

  async function run(task: ClaimedTask, signal: AbortSignal): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await withTrace(task.traceparent ?? undefined, () => {
        const reconcileOnce = async (): Promise<Outcome> => {
          const reconcile = reconcilers[task.kind];
          if (reconcile === undefined) throw new Error(`no reconciler for ${task.kind}`);
          return reconcile(contextOf(task, signal));
        };
        if (task.actor === null) return reconcileOnce();
        return withActor({ ...task.actor, onBehalf: true }, reconcileOnce);
      });
    } catch (error) {
      // Whoever took over, or the shutdown, has the row; an aborted run says nothing about the resource.
      if (error instanceof LeaseLost || signal.aborted) return;
      onError(error, { doing: 'reconcile', kind: task.kind, key: task.key });
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(task.attempts, 20));
      const pauseMs = longest * (0.5 + Math.random() / 2);
      await store.failTask(db, task, messageOf(error).slice(0, 2_000), pauseMs);
      lookAfter(pauseMs);
      return;
    }
    await store.finishTask(db, task, outcome);
    if (outcome.outcome === 'requeue') lookAfter(outcome.afterMs);
  }

  function contextOf(task: ClaimedTask, signal: AbortSignal): ReconcileContext {
    return {
      key: task.key,
      attempt: task.attempts + 1,
      failingSince: task.failing_since ?? undefined,
      signal,
      write: async (work) => {
        signal.throwIfAborted();
        return store.writeWithLease(db, task.lease_token, work);
      },
    };
  }

  // The soonest of the times that this process knows something to be due; the poll finds the others.
  let nextLook = Infinity;
  function lookAfter(ms: number): void {
    nextLook = Math.min(nextLook, performance.now() + ms);
  }

  async function claimForever(): Promise<void> {
    while (!stop.signal.aborted) {
      alarm.clear();
      const more = await claim().catch((error: unknown) => {
        onError(error, { doing: 'claim' });
        return false;
      });
      if (more) continue;
      await alarm.wait(Math.min(pollMs, Math.max(1, nextLook - performance.now())));
      if (nextLook <= performance.now()) nextLook = Infinity;
    }
  }

  async function beatForever(): Promise<void> {
    let pauseMs = leaseMs / 3;
    while (!beating.signal.aborted) {
      await pause(pauseMs, undefined, { signal: beating.signal }).catch(() => undefined);
      pauseMs = (await beat()) ? leaseMs / 3 : leaseMs / 20;
    }
  }

  async function beat(): Promise<boolean> {
    const tokens = [...running.keys()];
    if (tokens.length === 0) return true;
    const askedAt = performance.now();
    try {
      const lost = new Set(await store.extendLeases(heartbeats, tokens, leaseMs));
      for (const token of tokens) {
        const lease = running.get(token)?.lease;
        if (lost.has(token)) lease?.lose('another worker has taken over');
        else lease?.extended(askedAt);
      }
      return true;
    } catch (error) {
      onError(error, { doing: 'heartbeat' });
      return false;
    }
  }

  async function shutDown(): Promise<void> {
    stop.abort();
    alarm.ring();
    await working;
    for (const { lease } of running.values()) lease.lose('the process stops');
    const all = [...running.values()];
    const patience = new AbortController();
    await Promise.race([
      Promise.allSettled(all.map(({ ended }) => ended)),
      pause(shutdownMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    beating.abort();
    await beats;
    await heartbeats.end();
    const tokens = all.map(({ task }) => task.lease_token);
    if (tokens.length > 0) {
      await store.returnTasks(db, tokens).catch((error: unknown) => onError(error, { doing: 'give back' }));
    }
  }

  const beating = new AbortController();
  const heartbeats = heartbeatPool(db.pool, leaseMs / 3);
  const listening = db.listen(channelOf(db.schema), () => alarm.ring());
  const working = claimForever();
  const beats = beatForever();
  let stopping: Promise<void> | undefined;

  return Promise.resolve({
    async idle() {
      while (running.size > 0 || (await store.countBusy(db, kinds)) > 0) await pause(10);
    },
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      await (stopping ??= shutDown());
    },
  });
}

/**
 * A session of its own: work that fills the service's pool must not stop the heart. One that does not answer is given up
 * while there is time for another beat.
 */
function heartbeatPool({ options }: Pool, timeoutMs: number): Pool {
  const timeouts = { connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs };
  const pool = new Pool({ ...options, ...timeouts, max: 1 });
  pool.on('error', () => undefined); // the next beat opens another session
  return pool;
}

/** Something to sleep on that does not miss a ring between `clear` and `wait`. */
function createAlarm(): { clear(): void; ring(): void; wait(longestMs: number): Promise<void> } {
  let rung = false;
  let wakeUp: (() => void) | undefined;
  return {
    clear: () => {
      rung = false;
    },
    ring: () => {
      rung = true;
      wakeUp?.();
    },
    wait: (longestMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(finish, longestMs);
        function finish(): void {
          clearTimeout(timer);
          wakeUp = undefined;
          resolve();
        }
        wakeUp = finish;
        if (rung) finish();
      }),
  };
}
