import { setTimeout as pause } from 'node:timers/promises';
import type { Processes } from './processes.ts';
import type { Network } from './routes.ts';
import type { PlannedFault, Victim } from './schedule.ts';

/** What a fault was in the end; `lanes` are the processes it was done to. */
export type Burnt = { label: string; do: PlannedFault['do']; lanes: Victim[]; fromMs: number; toMs: number };

export type Fire = {
  processes: Processes;
  network: Network;
  /** The simulators' own fault APIs. */
  cluster: { url: string; token: string };
  stripeUrl: string;
  now: () => number;
};

const lookMs = 200;

/** Does everything that is planned, each at its time, and ends when all of it is over. */
export async function burn(
  fire: Fire,
  faults: readonly PlannedFault[],
  signal: AbortSignal,
  onBurnt: (burnt: Burnt) => void,
): Promise<void> {
  await Promise.all(
    faults.map(async (fault) => {
      await pause(Math.max(0, fault.atMs - fire.now()), undefined, { signal });
      const fromMs = fire.now();
      const label = (await begun(fire, fault, signal)) ? fault.label : `${fault.label} (was down)`;
      onBurnt({ label, do: fault.do, lanes: lanesOf(fault), fromMs, toMs: fire.now() });
    }),
  );
}

/** Begins a fault, waits and ends it. False when there was nothing to do it to. */
async function begun(fire: Fire, fault: PlannedFault, signal: AbortSignal): Promise<boolean> {
  const forIts = () => pause(fault.forMs, undefined, { signal });
  switch (fault.do) {
    case 'kill':
      return fire.processes.kill(fault.victim, signal);
    case 'freeze': {
      const thaw = await fire.processes.freeze(fault.victim);
      if (!thaw) return false;
      try {
        await forIts();
      } finally {
        thaw();
      }
      return true;
    }
    case 'cut':
      fire.network.fail(fault.paths, fault.how);
      try {
        await forIts();
      } finally {
        fire.network.heal(fault.paths);
      }
      return true;
    case 'drop-watches':
    case 'expire-history':
      return (await ask(clusterFault(fire, fault.do), signal)) !== undefined;
    case 'cluster-fault':
      return during(clusterFault(fire, 'faults'), fault.fault, forIts, signal);
    case 'stripe-fault':
      return during({ url: `${fire.stripeUrl}/_sim/faults`, headers: {} }, fault.fault, forIts, signal);
  }
}

type Api = { url: string; headers: Record<string, string> };

const clusterFault = ({ cluster }: Fire, what: string): Api => ({
  url: `${cluster.url}/_sim/${what}`,
  headers: { authorization: `Bearer ${cluster.token}` },
});

/** Puts a fault into a simulator, and takes it out again. One that was killed has forgotten it. */
async function during(api: Api, fault: object, wait: () => Promise<void>, signal: AbortSignal) {
  const made = await ask(api, signal, fault);
  if (made === undefined) return false;
  await wait();
  await ask({ ...api, url: `${api.url}/${made}` }, signal, undefined, 'DELETE');
  return true;
}

/** Ends every fault in the simulators, and whatever was left frozen by a fault that was cut short. */
export async function putOut(fire: Fire, signal: AbortSignal): Promise<void> {
  const apis = [clusterFault(fire, 'faults'), { url: `${fire.stripeUrl}/_sim/faults`, headers: {} }];
  for (const api of apis) {
    while ((await ask(api, signal, undefined, 'DELETE')) === undefined)
      await pause(lookMs, undefined, { signal });
  }
}

/** The new fault's id, or nothing in particular; undefined when there is no answer. */
async function ask(
  { url, headers }: Api,
  signal: AbortSignal,
  body: object = {},
  method = 'POST',
): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
    });
    const text = await answer.text();
    if (!answer.ok && method === 'POST') throw new Refused(`${url} answered ${answer.status}: ${text}`);
    return text.startsWith('{') ? ((JSON.parse(text) as { id?: string }).id ?? '') : '';
  } catch (error) {
    if (error instanceof Refused || signal.aborted) throw error;
    return undefined; // it is down: that is what happens here
  }
}

/** A fault that the simulator does not know: a mistake of this program. */
class Refused extends Error {}

const processOf = { postgres: 'Postgres', nats: 'NATS', kubesim: 'kubesim', stripesim: 'stripesim' } as const;

function lanesOf(fault: PlannedFault): Victim[] {
  switch (fault.do) {
    case 'kill':
    case 'freeze':
      return [fault.victim];
    case 'cut': {
      const [first] = fault.paths;
      if (first === undefined) return [];
      const to: Victim =
        first.to in processOf ? processOf[first.to as keyof typeof processOf] : (first.to as Victim);
      return fault.paths.length > 1 || first.from === '*' ? [to] : [first.from, to];
    }
    case 'stripe-fault':
      return ['stripesim'];
    default:
      return ['kubesim'];
  }
}
