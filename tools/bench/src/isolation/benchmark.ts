import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Context } from '../benchmark.ts';
import { startFleet, type Fleet, type Timed } from '../fleet/fleet.ts';
import type { Place } from '../fleet/peers.ts';
import { renderedAlready } from '../fleet/rendered.ts';
import { simulate, startClusters, type Simulated } from '../fleet/where.ts';
import type { Figure } from '../result.ts';
import { median, percentile } from '../statistics.ts';

const clusterCount = 50;
const pairs = 5;
/** Installs for the cluster that will be silent: more than it may have steps under way at once. */
const forTheSilent = 20;
/** Between one install and the next, so that what is measured is no crowd. */
const apartMs = 250;

type Run = { p50: number; p95: number };

export const isolation: Benchmark = {
  name: 'isolation',
  summary: 'one of many clusters accepts connections and never answers: what the others’ installs notice',
  longestMs: 1_200_000,
  async run(context) {
    const { progress, quick, scratch } = context;
    const count = quick ? 12 : 2 * (clusterCount - 1);
    progress.phase(`starting ${clusterCount} clusters, Postgres, NATS and the installer`);
    await using clusters = await startClusters(clusterCount, context);
    await using fleet = await startFleet(clusters.kubeconfigs, context);
    await fleet.restart({ CNAP_HELM: await renderedAlready(scratch) });
    const [silent] = clusters.simulated;
    const [silentPlace, ...others] = fleet.places;
    if (!silent || !silentPlace) throw new Error('there are no clusters');
    progress.phase('one install on each cluster');
    await fleet.install(fleet.places, context);
    const runs: { without: Run; faulty: Run }[] = [];
    for (let i = 0; i < (quick ? 1 : pairs); i += 1) {
      progress.phase(`run ${2 * i + 1} of ${2 * pairs}: all clusters answer`);
      const without = await oneRun({ fleet, silentPlace, others, count }, undefined, context);
      progress.phase(`run ${2 * i + 2} of ${2 * pairs}: one is silent`);
      runs.push({ without, faulty: await oneRun({ fleet, silentPlace, others, count }, silent, context) });
    }
    const compared = (what: string, of: (run: Run) => number): Figure => ({
      what,
      value: median(runs.map(({ faulty }) => of(faulty))),
      unit: 'ms',
      beside: { what: 'all answer', value: median(runs.map(({ without }) => of(without))) },
    });
    return {
      figures: [
        compared('install on another cluster, one of 50 is silent: p50', ({ p50 }) => p50),
        {
          ...compared('install on another cluster, one of 50 is silent: p95', ({ p95 }) => p95),
          goal: { mostTimes: 1.1 },
        },
      ],
      notes: [
        `${runs.length} runs each, taking turns; medians of their percentiles. In each, ${forTheSilent} installs are asked for on one cluster, then ${count} on the ${clusterCount - 1} others, one every ${apartMs} ms; without the fault the ${forTheSilent} are made as well, and in no run are they counted. From the request to RUNNING.`,
        'Silent: kubesim’s black hole, which accepts connections and never answers. kubesim, pods ready at once, releases rendered already.',
      ],
    };
  },
};

type Parts = { fleet: Fleet; silentPlace: Place; others: Place[]; count: number };

async function oneRun(
  { fleet, silentPlace, others, count }: Parts,
  silent: Simulated | undefined,
  context: Context,
): Promise<Run> {
  const { signal, progress } = context;
  if (silent) await simulate(silent, 'POST', 'faults', { kind: 'black-hole' });
  const hanging: string[] = [];
  for (let i = 0; i < forTheSilent; i += 1) hanging.push(await fleet.make(silentPlace));
  const made: Promise<string>[] = [];
  for (let i = 0; i < count; i += 1) {
    const place = others[i % others.length];
    if (place) made.push(fleet.make(place));
    progress.at(i / count);
    await pause(apartMs, undefined, { signal });
  }
  const times = await fleet.running(await Promise.all(made), context);
  if (silent) await simulate(silent, 'DELETE', 'faults');
  await fleet.running(hanging, context); // it is over with them, too, before the next run
  const took = times.map(({ made: from, ready }: Timed) => ready - from);
  return { p50: median(took), p95: percentile(took, 0.95) };
}
