import type { Hook, HookEvent } from '@cnap/helm';
import {
  type Cluster,
  type KubeObject,
  describeRef,
  inParallel,
  isKubernetesError,
  refOf,
} from '@cnap/kubernetes';

import { applyFailure, ownedByAnother } from './apply-failure.ts';
import { type HookLook, hooksFor, keyOfHook, lookAtHook, planHooks, runAnnotation } from './hook-plan.ts';
import { lastLogLines } from './logs.ts';
import { fieldManager, inventoryEntry, ownedObject, ownerOf } from './owned-object.ts';
import type { HookProgress, HookStep, Target } from './port.ts';

const defaultDeadlineMs = 5 * 60_000; // Helm's --timeout

export type HookRun = {
  target: Target;
  hooks: Hook[];
  event: HookEvent;
  run: string;
  progress: HookProgress;
  signal: AbortSignal;
  deadlineMs?: number;
};

/** One step of a run of hooks; see `Engine.runHooks`. */
export async function runHooks(cluster: Cluster, hookRun: HookRun): Promise<HookStep> {
  const { target, progress, signal } = hookRun;
  const ordered = hooksFor(hookRun.hooks, hookRun.event);
  const plan = planHooks(ordered, progress);
  if (plan.do === 'look') return lookAndAct(cluster, hookRun, plan.hook);
  if (plan.do === 'remove') {
    const going = await inParallel(plan.hooks, 4, async (hook) => {
      const object = await placed(cluster, target, hook);
      const existing = await cluster.get(refOf(object), signal);
      // Only what this run made: a later one may have its own by now.
      if (existing?.metadata.annotations?.[runAnnotation] !== hookRun.run) return false;
      return (await cluster.delete(refOf(object), { uid: existing.metadata.uid, signal })) === 'going';
    });
    if (going.includes(true))
      return { state: 'waiting', progress, message: 'hooks are being cleaned up', applied: [] };
  }
  return {
    state: progress.failed ? 'failed' : 'done',
    progress,
    message: progress.failed?.message ?? '',
    applied: [],
  };
}

async function lookAndAct(cluster: Cluster, hookRun: HookRun, hook: Hook): Promise<HookStep> {
  const { target, run, progress, signal } = hookRun;
  const object = await placed(cluster, target, hook, run);
  const ref = refOf(object);
  const existing = await cluster.get(ref, signal);
  const look: HookLook = lookAtHook(hook, existing, run, Date.now(), hookRun.deadlineMs ?? defaultDeadlineMs);
  const waiting = (message: string): HookStep => ({ state: 'waiting', progress, message, applied: [] });
  if (look === 'wait') return waiting(`${describeRef(ref)} runs`);
  if (look === 'replace') {
    const owner = existing ? ownerOf(existing, target) : 'this';
    if (owner !== 'this' && object.metadata.namespace !== target.namespace) {
      const { message, reason } = ownedByAnother(ref, owner);
      return failed(progress, hook, message, '', reason);
    }
    const gone = await cluster.delete(ref, { uid: existing?.metadata.uid, signal });
    return gone === 'gone'
      ? { state: 'next', progress, message: '', applied: [] }
      : waiting(`an earlier ${describeRef(ref)} is being deleted`);
  }
  if (look === 'succeeded') {
    return {
      state: 'next',
      progress: { ...progress, completed: [...progress.completed, keyOfHook(hook)] },
      message: '',
      applied: [],
    };
  }
  if (look === 'create') return create(cluster, hookRun, hook, object);
  const logs = await hookLogs(cluster, object, signal);
  return failed(progress, hook, look.failed, logs);
}

async function create(cluster: Cluster, hookRun: HookRun, hook: Hook, object: KubeObject): Promise<HookStep> {
  const { progress, signal } = hookRun;
  try {
    const applied = await cluster.apply(object, { fieldManager, force: true, signal });
    const entry = { ...inventoryEntry(applied), hook: true };
    return { state: 'waiting', progress, message: `${describeRef(refOf(object))} runs`, applied: [entry] };
  } catch (error) {
    const failure = applyFailure(error, refOf(object));
    if (!failure.permanent) throw error;
    return failed(progress, hook, failure.message, '', failure.reason);
  }
}

function failed(
  progress: HookProgress,
  hook: Hook,
  message: string,
  logs: string,
  permanent?: string,
): HookStep {
  const failure = { hook: keyOfHook(hook), message, logs, ...(permanent === undefined ? {} : { permanent }) };
  return {
    state: 'next',
    progress: { ...progress, failed: failure },
    message,
    applied: [],
  };
}

async function placed(cluster: Cluster, target: Target, hook: Hook, run?: string): Promise<KubeObject> {
  const object = ownedObject(hook.object, target, await cluster.resource(hook.object));
  if (run === undefined) return object;
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [runAnnotation]: run } },
  };
}

/** The last lines of every container of a failed hook, as far as they can be had. */
async function hookLogs(cluster: Cluster, object: KubeObject, signal: AbortSignal): Promise<string> {
  const { namespace, name } = object.metadata;
  const pods =
    object.kind === 'Pod'
      ? [object]
      : await cluster.list(
          { apiVersion: 'v1', kind: 'Pod' },
          { namespace, labelSelector: `batch.kubernetes.io/job-name=${name}`, signal },
        );
  const parts = await inParallel(pods.slice(-3), 3, async (pod) => {
    const spec = pod['spec'] as { containers?: { name: string }[] } | undefined;
    const texts = await inParallel(spec?.containers ?? [], 1, (container) =>
      lastLogLines(cluster, namespace ?? '', pod.metadata.name, container.name, signal),
    );
    return texts.join('');
  }).catch((error: unknown) => {
    if (isKubernetesError(error)) return [];
    throw error;
  });
  return parts.join('');
}
