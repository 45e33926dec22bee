import { readFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Victim } from './schedule.ts';

const lookMs = 50;

/** What runs, as the supervisor tells it. */
export type Processes = {
  /** SIGKILL; resolves with true when another process has taken its place, with false when there was none to kill. */
  kill(victim: Victim, signal: AbortSignal): Promise<boolean>;
  /** SIGSTOP to it and everything below it; the answer lets them go on. Undefined when it does not run. */
  freeze(victim: Victim): Promise<(() => void) | undefined>;
};

export function processesOf(dataDir: string): Processes {
  const pidOf = async (victim: Victim) => {
    const pids = JSON.parse(await readFile(join(dataDir, 'pids.json'), 'utf8')) as Record<string, number>;
    return pids[victim];
  };
  return {
    async kill(victim, signal) {
      const pid = await pidOf(victim);
      if (pid === undefined || !send(pid, 'SIGKILL')) return false;
      while ((await pidOf(victim)) === pid) await pause(lookMs, undefined, { signal });
      return true;
    },
    async freeze(victim) {
      const pid = await pidOf(victim);
      if (pid === undefined) return undefined;
      const frozen = withDescendants(pid).filter((each) => send(each, 'SIGSTOP'));
      if (frozen.length === 0) return undefined;
      return () => frozen.forEach((each) => send(each, 'SIGCONT'));
    },
  };
}

/** False when it has ended. */
function send(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Postgres works in a process for each session. Where there is no /proc, only the first one is known. */
function withDescendants(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
    return [pid, ...children.flatMap(withDescendants)];
  } catch {
    return [pid];
  }
}
