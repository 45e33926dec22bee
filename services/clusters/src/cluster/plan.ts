import type { CapacityColumn, ClusterStateName } from '../database.ts';
import type { Look } from './port.ts';

/** How often a cluster is looked at, and how long it may stay silent. */
export type Pace = { lookAgainMs: number; unreachableAfterMs: number; capacityEveryMs: number };

/** A look takes at most 5 s: a cluster that goes away right after one is unreachable 26 s later, within 30 s. */
export const usualPace: Pace = { lookAgainMs: 8_000, unreachableAfterMs: 12_000, capacityEveryMs: 60_000 };

/** What is known of a cluster before a look at it. */
export type Known = {
  state: ClusterStateName;
  stateReason: string;
  stateMessage: string;
  kubernetesVersion: string;
  capacity: CapacityColumn | null;
  failingSince: Date | null;
};

/** What to write: `change` is seen by people and has a fact, `failingSince` is not and has none. */
export type Verdict = {
  failingSince: Date | null;
  change?: Partial<{
    state: ClusterStateName;
    stateReason: string;
    stateMessage: string;
    kubernetesVersion: string;
    capacity: CapacityColumn;
  }>;
  fact?: 'updated' | 'unreachable' | 'recovered';
};

/** Judges a look at a cluster. */
export function judge(known: Known, look: Look, now: Date, { unreachableAfterMs }: Pace): Verdict {
  if (look.answered === 'later') return { failingSince: known.failingSince };
  if (!look.answered) {
    const failingSince = known.failingSince ?? now;
    const forMs = now.getTime() - failingSince.getTime();
    const told = { state: 'unreachable' as const, stateReason: look.reason, stateMessage: look.message };
    // What it lacks may change while it cannot be used: it is back, and its credentials have expired meanwhile.
    if (known.state === 'unreachable' && known.stateReason !== look.reason)
      return { failingSince, change: told, fact: 'updated' };
    if (known.state !== 'running' || forMs < unreachableAfterMs) return { failingSince };
    return { failingSince, change: told, fact: 'unreachable' };
  }
  if (known.state === 'unreachable') {
    return {
      failingSince: null,
      change: { state: 'running', stateReason: '', stateMessage: '', ...found(look) },
      fact: 'recovered',
    };
  }
  const versionChanged = look.kubernetesVersion !== known.kubernetesVersion;
  const roomChanged = look.capacity !== undefined && !sameRoom(look.capacity, known.capacity);
  if (!versionChanged && !roomChanged) return { failingSince: null };
  return { failingSince: null, change: found(look), fact: 'updated' };
}

const found = (look: { kubernetesVersion: string; capacity?: CapacityColumn }) => ({
  kubernetesVersion: look.kubernetesVersion,
  ...(look.capacity ? { capacity: look.capacity } : {}),
});

const sameRoom = (a: CapacityColumn, b: CapacityColumn | null): boolean =>
  b !== null &&
  a.cpuMillis === b.cpuMillis &&
  a.memoryBytes === b.memoryBytes &&
  a.pods === b.pods &&
  a.nodes === b.nodes &&
  a.foreign?.cpuMillis === b.foreign?.cpuMillis &&
  a.foreign?.memoryBytes === b.foreign?.memoryBytes &&
  a.foreign?.pods === b.foreign?.pods;
