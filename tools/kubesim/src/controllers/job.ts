import { findObject, saveObject } from '../api/cluster.ts';
import { timestamp } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Controller } from './controller.ts';
import { itself, ownerIn } from './controller.ts';
import { recordEvent } from './events.ts';
import { createOwned, podFrom, podsOwnedBy, removeOwned } from './pods-of.ts';
import type { Condition, Workload } from './types.ts';
import { isActive, isReady, setCondition } from './types.ts';

const key = 'jobs.batch';
const component = 'job-controller';

interface Job extends Workload {
  spec: Workload['spec'] & {
    completions?: number;
    parallelism?: number;
    backoffLimit?: number;
    suspend?: boolean;
    activeDeadlineSeconds?: number;
    ttlSecondsAfterFinished?: number;
  };
}

export const jobController: Controller = {
  name: 'job',
  watches: { [key]: itself, pods: ownerIn(key) },
  reconcile({ namespace, name }, { cluster, wakeAfter }) {
    const job = findObject<Job>(cluster, key, namespace, name);
    if (!job || job.metadata.deletionTimestamp) return;
    const now = cluster.now();
    const at = timestamp(now);
    const finished = job.status?.conditions?.find(
      ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
    );
    if (finished) {
      const ttl = job.spec.ttlSecondsAfterFinished;
      if (ttl === undefined) return;
      const due = Date.parse(finished.lastTransitionTime ?? at) + ttl * 1000;
      if (due > now) wakeAfter(due - now);
      else removeOwned(cluster, job);
      return;
    }
    const pods = podsOwnedBy(cluster, job);
    const succeeded = pods.filter((pod) => pod.status.phase === 'Succeeded').length;
    const restarts = (pod: (typeof pods)[number]): number =>
      (pod.status.containerStatuses ?? []).reduce(
        (sum, status) => sum + Number(status['restartCount'] ?? 0),
        0,
      );
    const failed = pods.filter((pod) => pod.status.phase === 'Failed').length;
    const failures = failed + pods.filter(isActive).reduce((sum, pod) => sum + restarts(pod), 0);
    const active = pods.filter(isActive);
    const limit = job.spec.backoffLimit ?? 6;
    const completions = job.spec.completions ?? 1;
    const started = String(job.status?.['startTime'] ?? at);
    const deadline = job.spec.activeDeadlineSeconds;
    const late = deadline !== undefined && now - Date.parse(started) >= deadline * 1000;
    if (deadline !== undefined && !late) wakeAfter(Date.parse(started) + deadline * 1000 - now);
    let conditions: Condition[] = job.status?.conditions ?? [];
    const conclude = (types: string[], reason: string, message: string, kind: 'Normal' | 'Warning'): void => {
      for (const type of types)
        conditions = setCondition(
          conditions,
          { type, status: 'True', reason, message, lastProbeTime: at },
          at,
        );
      recordEvent(cluster, {
        about: job,
        type: kind,
        reason: kind === 'Normal' ? 'Completed' : reason,
        message,
        component,
      });
    };
    let running = active.length;
    if (succeeded >= completions) {
      conclude(
        ['SuccessCriteriaMet', 'Complete'],
        'CompletionsReached',
        'Reached expected number of succeeded pods',
        'Normal',
      );
    } else if (failures > limit || late) {
      for (const pod of active) removeOwned(cluster, pod);
      running = 0;
      const [reason, message] = late
        ? ['DeadlineExceeded', 'Job was active longer than specified deadline']
        : ['BackoffLimitExceeded', 'Job has reached the specified backoff limit'];
      conclude(['FailureTarget', 'Failed'], reason ?? '', message ?? '', 'Warning');
    } else if (job.spec.suspend) {
      for (const pod of active) removeOwned(cluster, pod);
      running = 0;
    } else {
      const room = Math.min(job.spec.parallelism ?? 1, completions - succeeded) - running;
      for (let index = 0; index < room; index += 1) {
        const pod = podFrom(job.spec.template, job, { generateName: `${name}-` });
        if (createOwned(cluster, job, pod, component) instanceof StatusError) {
          wakeAfter(5_000);
          break;
        }
        running += 1;
      }
    }
    const complete = conditions.some(({ type }) => type === 'Complete');
    job.status = {
      ...(job.spec.suspend ? {} : { startTime: started }),
      ...(running > 0 ? { active: running } : {}),
      ...(succeeded > 0 ? { succeeded } : {}),
      ...(failed > 0 ? { failed } : {}),
      ready: active.filter(isReady).length,
      terminating: 0,
      uncountedTerminatedPods: {},
      ...(complete ? { completionTime: at } : {}),
      ...(conditions.length > 0 ? { conditions } : {}),
    };
    saveObject(cluster, key, job);
    if (conditions.length > 0 && job.spec.ttlSecondsAfterFinished !== undefined)
      wakeAfter(job.spec.ttlSecondsAfterFinished * 1000);
  },
};
