import semver from 'semver';
import type { Judgement, Needs } from '../database.ts';
import type { CandidateSeen, PackageSeen } from '../install/port.ts';

/** What is on a cluster already. */
export type Load = Needs & { installs: number };

export type Choice = {
  chosen: CandidateSeen | undefined;
  judgements: Judgement[];
  /** Why none was chosen: the reason of the cluster that came closest. */
  reason: PlacementRefusal | '';
  message: string;
};

/** In the order of the checks: the later one is, the closer the cluster came to fitting. */
const refusals = [
  'NO_CLUSTER',
  'CLUSTER_UNAVAILABLE',
  'KUBERNETES_VERSION',
  'CLUSTER_WIDE_OBJECTS_FORBIDDEN',
  'INSTALL_LIMITS',
  'NO_ROOM',
  'PERMISSIONS_MISSING',
  'KIND_MISSING',
  'OBJECT_TAKEN',
] as const;
export type PlacementRefusal = (typeof refusals)[number];

/** What a cluster itself said about a package, in words for its seller. */
export type Finding = {
  reason: 'CLUSTER_UNAVAILABLE' | 'PERMISSIONS_MISSING' | 'KIND_MISSING' | 'OBJECT_TAKEN';
  message: string;
};

type Refusal = { reason: PlacementRefusal; seller: string; buyer: string };

const nothing: Load = { cpuMillis: 0, memoryBytes: 0, pods: 0, installs: 0 };

/**
 * Chooses among a product's clusters in a region: those that fit, and of them the one with the fewest installs.
 * @param found what clusters that were asked have said; the others are taken to have nothing against the package
 */
export function choose(
  candidates: readonly CandidateSeen[],
  pack: PackageSeen,
  loads: ReadonlyMap<string, Load>,
  found: ReadonlyMap<string, readonly Finding[]> = new Map(),
): Choice {
  const judged = candidates.map((candidate) => {
    const load = loads.get(candidate.clusterId) ?? nothing;
    const refusal = refusalOf(candidate, pack, load) ?? findingRefusal(found.get(candidate.clusterId) ?? []);
    return { candidate, load, refusal };
  });
  const fitting = judged
    .filter(({ refusal }) => refusal === undefined)
    .toSorted(
      (a, b) => a.load.installs - b.load.installs || (a.candidate.clusterId < b.candidate.clusterId ? -1 : 1),
    );
  const chosen = fitting[0]?.candidate;
  const judgements = judged.map(({ candidate, load, refusal }) => ({
    clusterId: candidate.clusterId,
    chosen: candidate === chosen,
    message:
      refusal?.seller ??
      (candidate === chosen
        ? `fits, and has the fewest installs (${load.installs})`
        : `fits, and has ${load.installs} installs`),
  }));
  if (chosen) return { chosen, judgements, reason: '', message: '' };
  const closest = judged
    .flatMap(({ refusal }) => refusal ?? [])
    .toSorted((a, b) => refusals.indexOf(b.reason) - refusals.indexOf(a.reason))[0];
  return {
    chosen: undefined,
    judgements,
    reason: closest?.reason ?? 'NO_CLUSTER',
    message: closest?.buyer ?? 'The product is not offered in this region.',
  };
}

function refusalOf(candidate: CandidateSeen, pack: PackageSeen, load: Load): Refusal | undefined {
  if (!candidate.running) {
    return {
      reason: 'CLUSTER_UNAVAILABLE',
      seller: `not available: ${candidate.stateMessage || 'it is not running'}`,
      buyer: 'No cluster of the seller in this region is available at the moment.',
    };
  }
  const range = pack.kubernetesVersionRange;
  const version = semver.coerce(candidate.kubernetesVersion);
  if (
    range !== '' &&
    version &&
    semver.validRange(range) &&
    !semver.satisfies(version, range, { includePrerelease: true })
  ) {
    return {
      reason: 'KUBERNETES_VERSION',
      seller: `has Kubernetes ${candidate.kubernetesVersion}, the package asks for ${range}`,
      buyer: 'The software asks for another Kubernetes version than this region has.',
    };
  }
  const clusterWide = pack.kinds.filter((kind) => kind.clusterWide).map((kind) => kind.kind);
  if (clusterWide.length > 0 && candidate.settings.clusterWideObjectsForbidden) {
    return {
      reason: 'CLUSTER_WIDE_OBJECTS_FORBIDDEN',
      seller: `allows no cluster-wide objects, the package brings ${clusterWide.join(', ')}`,
      buyer: 'The software brings cluster-wide objects, which this region does not allow.',
    };
  }
  return limitRefusal(candidate, pack) ?? roomRefusal(candidate, pack, load);
}

function limitRefusal({ settings }: CandidateSeen, { needs }: PackageSeen): Refusal | undefined {
  const over = [
    needs.cpuMillis > limit(settings.cpuLimit, cpuUnits) && `CPU ${settings.cpuLimit}`,
    needs.memoryBytes > limit(settings.memoryLimit, memoryUnits) && `memory ${settings.memoryLimit}`,
  ].filter((text) => text !== false);
  if (over.length === 0) return undefined;
  return {
    reason: 'INSTALL_LIMITS',
    seller: `limits installs to ${over.join(' and ')}, the package asks for more`,
    buyer: 'The software needs more than an install may use in this region.',
  };
}

function roomRefusal({ capacity }: CandidateSeen, { needs }: PackageSeen, load: Load): Refusal | undefined {
  if (!capacity) return undefined;
  const short = (['cpuMillis', 'memoryBytes', 'pods'] as const).filter(
    (resource) => needs[resource] > capacity[resource] - load[resource],
  );
  if (short.length === 0) return undefined;
  const words = { cpuMillis: 'CPU', memoryBytes: 'memory', pods: 'pods' };
  return {
    reason: 'NO_ROOM',
    seller: `has no room: short of ${short.map((resource) => words[resource]).join(', ')}`,
    buyer: 'There is no room in this region at the moment.',
  };
}

const findingWords: Record<Finding['reason'], string> = {
  CLUSTER_UNAVAILABLE: 'No cluster of the seller in this region is available at the moment.',
  PERMISSIONS_MISSING: 'The software brings what the seller may not install in this region.',
  KIND_MISSING: 'The software needs something that this region does not have.',
  OBJECT_TAKEN: 'The software can be installed once in this region, and is there already.',
};

/** All of them are told to the seller, who would mend one after the other otherwise. */
function findingRefusal(found: readonly Finding[]): Refusal | undefined {
  const worst = found.toSorted((a, b) => refusals.indexOf(b.reason) - refusals.indexOf(a.reason))[0];
  if (!worst) return undefined;
  const seller = found.map(({ message }) => message).join('; ');
  return { reason: worst.reason, seller, buyer: findingWords[worst.reason] };
}

const cpuUnits: Record<string, number> = { m: 1, '': 1_000, k: 1_000_000 };
const memoryUnits: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A limit in thousandths or bytes; none: infinite. */
function limit(quantity: string, units: Record<string, number>): number {
  const match = /^([0-9.]+)([A-Za-z]*)$/.exec(quantity);
  return match
    ? Number(match[1]) * (units[match[2] ?? ''] ?? Number.POSITIVE_INFINITY)
    : Number.POSITIVE_INFINITY;
}
