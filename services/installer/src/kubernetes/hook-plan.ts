import type { Hook, HookEvent } from '@cnap/helm';
import { type KubeObject, objectKey, refOf } from '@cnap/kubernetes';

import { healthOf } from './health.ts';
import { isCrd, rankOf } from './order.ts';
import type { HookProgress } from './port.ts';

/** Names the run that made a hook's object, so that one left by an earlier run is not taken for ours. */
export const runAnnotation = 'cnap.tech/hook-run';

export type HookPlan = { do: 'look'; hook: Hook } | { do: 'remove'; hooks: Hook[] } | { do: 'finish' };

/** The hooks of an event in the order Helm runs them: weight, then name, then kind (pkg/action/hooks.go). */
export function hooksFor(hooks: readonly Hook[], event: HookEvent): Hook[] {
  const nameOf = ({ object }: Hook) => object.metadata.name;
  const byName = (a: Hook, b: Hook) => (nameOf(a) === nameOf(b) ? 0 : nameOf(a) < nameOf(b) ? -1 : 1);
  return hooks
    .filter((hook) => hook.events.includes(event))
    .toSorted((a, b) => a.weight - b.weight || byName(a, b) || rankOf(a.object.kind) - rankOf(b.object.kind));
}

/** What to do next: look at the first hook that is not done, then clean up. */
export function planHooks(ordered: Hook[], progress: HookProgress): HookPlan {
  const isDone = (hook: Hook) => progress.completed.includes(keyOfHook(hook));
  if (!progress.failed) {
    const next = ordered.find((hook) => !isDone(hook));
    if (next) return { do: 'look', hook: next };
  }
  const { failed } = progress;
  const over = ordered.filter((hook) =>
    isCrd(hook.object)
      ? false
      : isDone(hook)
        ? hook.deletePolicies.includes('hook-succeeded')
        : keyOfHook(hook) === failed?.hook && hook.deletePolicies.includes('hook-failed'),
  );
  return over.length > 0 ? { do: 'remove', hooks: over } : { do: 'finish' };
}

export type HookLook = 'create' | 'replace' | 'wait' | 'succeeded' | { failed: string };

/** What an existing hook object means for the run. Kinds other than Job and Pod are done once they are there. */
export function lookAtHook(
  hook: Hook,
  existing: KubeObject | undefined,
  run: string,
  now: number,
  deadlineMs: number,
): HookLook {
  if (!existing) return 'create';
  if (existing.metadata.deletionTimestamp !== undefined) return 'wait';
  if (existing.metadata.annotations?.[runAnnotation] !== run)
    return isCrd(hook.object) ? 'create' : 'replace';
  if (hook.object.kind !== 'Job' && hook.object.kind !== 'Pod') return 'succeeded';
  const { state, message } = healthOf(refOf(existing), existing);
  if (state === 'failed') return { failed: message };
  if (hasSucceeded(existing)) return 'succeeded';
  const age = now - Date.parse(existing.metadata.creationTimestamp ?? '');
  if (age > deadlineMs)
    return {
      failed: `${hook.object.kind} ${hook.object.metadata.name} did not finish within ${deadlineMs / 1000} s`,
    };
  return 'wait';
}

function hasSucceeded({ status = {} }: KubeObject): boolean {
  const { phase, conditions = [] } = status as {
    phase?: string;
    conditions?: { type: string; status: string }[];
  };
  return phase === 'Succeeded' || conditions.some((one) => one.type === 'Complete' && one.status === 'True');
}

export function keyOfHook(hook: Hook): string {
  return objectKey(refOf(hook.object));
}
