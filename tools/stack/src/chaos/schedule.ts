import { seeded, seedOf, type Random } from '../fuzz/random.ts';
import { programs, serviceNames, type PortName, type Program } from '../layout.ts';

/** What becomes of a purchase after it was paid. */
export const stories = ['keep', 'update', 'rollback', 'end', 'cancel-early', 'broken'] as const;
export type Story = (typeof stories)[number];

/** One purchase as it is planned. */
export type PlannedPurchase = {
  index: number;
  atMs: number;
  price: 'one_time' | 'monthly';
  story: Story;
  /** Between the steps of its story. */
  pauseMs: number;
};

/** Everything that can be killed and frozen, by its name in `pids.json`. */
export const victims = [...programs, 'Postgres', 'NATS', 'kubesim', 'stripesim'] as const;
export type Victim = (typeof victims)[number];

/** A connection between two programs that can be cut. kubesim has one for all. */
export type Path = { from: Program | '*'; to: Exclude<PortName, 'charts' | 'smtp' | 'mails'> };
/** Who talks to whom. */
export const paths: readonly Path[] = [
  ...programs.flatMap((from) => serviceNames.filter((to) => to !== from).map((to) => ({ from, to }))),
  ...serviceNames.map((from) => ({ from, to: 'postgres' as const })),
  ...programs.map((from) => ({ from, to: 'nats' as const })),
  { from: 'billing', to: 'stripesim' },
  { from: '*', to: 'kubesim' },
];

/** refuse: cut and refused · stall: nothing passes, and then goes on · reset: nothing passes, then cut · slow */
export const cuts = ['refuse', 'stall', 'reset', 'slow'] as const;
export type Cut = (typeof cuts)[number];

const clusterFaults = {
  latency: { kind: 'latency', ms: 1_500, rate: 0.7 },
  error: { kind: 'error', status: 500, rate: 0.4 },
  throttle: { kind: 'throttle', retryAfterSeconds: 1, rate: 0.5 },
  outage: { kind: 'outage' },
  'black-hole': { kind: 'black-hole' },
} as const;
const stripeFaults = {
  'webhook-drop': { kind: 'webhook-drop', probability: 0.5 },
  'webhook-delay': { kind: 'webhook-delay', delay_ms: 3_000 },
  'webhook-duplicate': { kind: 'webhook-duplicate', count: 3 },
  'webhook-reorder': { kind: 'webhook-reorder', count: 4 },
  'api-latency': { kind: 'api-latency', delay_ms: 1_500 },
  'api-error': { kind: 'api-error', status: 500, probability: 0.6 },
  'api-outage': { kind: 'api-outage', probability: 0.8 },
  'api-answer-lost': { kind: 'api-answer-lost', method: 'POST', probability: 0.5 },
} as const;

/** One fault as it is planned. What has no length is over at once. */
export type PlannedFault = { atMs: number; forMs: number; label: string } & (
  | { do: 'kill' | 'freeze'; victim: Victim }
  | { do: 'cut'; how: Cut; paths: readonly Path[] }
  | { do: 'cluster-fault'; fault: object }
  | { do: 'drop-watches' | 'expire-history' }
  | { do: 'stripe-fault'; fault: object }
);

export type Schedule = { purchases: PlannedPurchase[]; faults: PlannedFault[] };

type Kind =
  | 'kill'
  | 'freeze'
  | Cut
  | `cluster ${keyof typeof clusterFaults | 'drop-watches' | 'expire-history'}`
  | `Stripe ${keyof typeof stripeFaults}`;

/** Every kind of fault there is. */
export const faultKinds: readonly Kind[] = [
  'kill',
  'freeze',
  ...cuts,
  ...(Object.keys(clusterFaults) as (keyof typeof clusterFaults)[]).map((name) => `cluster ${name}` as const),
  'cluster drop-watches',
  'cluster expire-history',
  ...(Object.keys(stripeFaults) as (keyof typeof stripeFaults)[]).map((name) => `Stripe ${name}` as const),
];
/** What happens more often than the others, after `atLeast`. */
const often: readonly Kind[] = [
  ...Array.from({ length: 6 }, () => 'kill' as const),
  ...Array.from({ length: 4 }, () => 'freeze' as const),
  ...cuts,
  ...cuts,
];

/** What a short run has, too. */
const atLeast: readonly Kind[] = [...faultKinds, 'kill', 'kill', 'kill', 'freeze', 'freeze'];

/** Longer than leases and deadlines: others have taken over, and who wakes up must not go on. */
const longFreezeMs = 12_000;

const firstFaultMs = 1_000;

/** What is bought and what goes wrong, when: nothing but the seed, the number and the length decide it. */
export function scheduleOf(plan: { seed: number; purchases: number; lengthMs: number }): Schedule {
  return { purchases: purchasesOf(plan), faults: faultsOf(plan) };
}

function purchasesOf(plan: { seed: number; purchases: number; lengthMs: number }): PlannedPurchase[] {
  const random = seeded(seedOf(plan.seed, 'purchases'));
  const every = plan.lengthMs / plan.purchases;
  const nextStory = dealer(random, [
    ...Array.from({ length: 6 }, () => 'keep' as const),
    ...Array.from({ length: 4 }, () => 'update' as const),
    ...Array.from({ length: 4 }, () => 'end' as const),
    ...(['rollback', 'rollback', 'cancel-early', 'cancel-early', 'broken', 'broken'] as const),
  ]);
  return Array.from({ length: plan.purchases }, (_, index) => ({
    index,
    atMs: Math.floor(index * every + random.below(every)),
    price: random.pick(['one_time', 'monthly'] as const),
    story: nextStory(),
    pauseMs: random.below(3_000),
  }));
}

function faultsOf({ seed, lengthMs }: { seed: number; lengthMs: number }): PlannedFault[] {
  const random = seeded(seedOf(seed, 'faults'));
  const count = Math.floor(Math.max(atLeast.length + lengthMs / 5_000, lengthMs / 2_000));
  const every = (lengthMs - firstFaultMs) / count;
  const first = shuffled(random, atLeast);
  const nextKind = dealer(random, [...faultKinds, ...often]);
  const nextVictim = dealer(random, victims);
  const nextFrozen = dealer(random, victims);
  return Array.from({ length: count }, (_, index): PlannedFault => {
    const atMs = Math.floor(firstFaultMs + index * every + random.below(every));
    const kind = first[index] ?? nextKind();
    const victim = kind === 'freeze' ? nextFrozen() : kind === 'kill' ? nextVictim() : undefined;
    return faultOf(random, kind, atMs, victim);
  });
}

function faultOf(random: Random, kind: Kind, atMs: number, victim: Victim | undefined): PlannedFault {
  const usualMs = 1_000 + random.below(7_000);
  const forMs = kind === 'freeze' && random.oneIn(5) ? usualMs + longFreezeMs : usualMs;
  const at = { atMs, forMs, label: kind };
  if (kind === 'kill' || kind === 'freeze') {
    const hit = { ...at, do: kind, victim: victim ?? random.pick(victims), label: `${kind} ${victim}` };
    return kind === 'kill' ? { ...hit, forMs: 0 } : hit;
  }
  const [where = '', name = ''] = kind.split(' ');
  if (where === 'cluster') {
    if (name === 'drop-watches' || name === 'expire-history') return { ...at, forMs: 0, do: name };
    return { ...at, do: 'cluster-fault', fault: clusterFaults[name as keyof typeof clusterFaults] };
  }
  if (where === 'Stripe') {
    return { ...at, do: 'stripe-fault', fault: stripeFaults[name as keyof typeof stripeFaults] };
  }
  const cut = pathsToCut(random);
  return { ...at, do: 'cut', how: kind as Cut, paths: cut.paths, label: `${kind} ${cut.what}` };
}

/** One connection, or everything that leads to one place. */
function pathsToCut(random: Random): { paths: readonly Path[]; what: string } {
  const one = random.pick(paths);
  if (!random.oneIn(3)) return { paths: [one], what: `${one.from} → ${one.to}` };
  return { paths: paths.filter(({ to }) => to === one.to), what: `all → ${one.to}` };
}

/** Deals cards from a shuffled deck, and shuffles again when it is empty. */
function dealer<T>(random: Random, cards: readonly T[]): () => T {
  let deck: T[] = [];
  return () => {
    if (deck.length === 0) deck = shuffled(random, cards);
    return deck.pop() as T; // there is one: it has just been filled
  };
}

function shuffled<T>(random: Random, cards: readonly T[]): T[] {
  const left = [...cards];
  return Array.from(cards, () => left.splice(random.below(left.length), 1)[0] as T); // the index is within
}
