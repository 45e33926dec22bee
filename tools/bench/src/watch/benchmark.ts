import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, Context } from '../benchmark.ts';
import { copyRows } from '../fleet/copies.ts';
import { since, type Figures } from '../fleet/figures.ts';
import { startFleet, type Fleet } from '../fleet/fleet.ts';
import { residentOf, startClusters, type Clusters } from '../fleet/where.ts';
import { cpuMicros } from '../processes.ts';
import { median } from '../statistics.ts';
import { breakPod } from './break-pod.ts';

const clusterCount = 20;

export const watch: Benchmark = {
  name: 'watch',
  summary: 'installs that run on many clusters: memory, requests when nothing happens, seeing a broken pod',
  longestMs: 1_200_000,
  async run(context) {
    const { progress, quick } = context;
    const count = quick ? 1_000 : 10_000;
    progress.phase(`starting ${clusterCount} clusters, Postgres, NATS and the installer`);
    await using clusters = await startClusters(clusterCount, context, { keepsData: true });
    await using fleet = await startFleet(clusters.kubeconfigs, context);
    const bareMB = residentOf([fleet.installer.pid]);
    progress.phase('one install on each cluster');
    await fleet.install(fleet.places, context);
    await atRest(fleet, context);
    progress.phase(`copies of them: ${count} installs`);
    const ids = await copied(fleet, clusters, count, context);
    progress.phase('the installer starts, and looks at each of them');
    const begun = performance.now();
    await fleet.restart({});
    await atRest(fleet, context);
    const lookedSeconds = (performance.now() - begun) / 1_000;
    const idleMs = quick ? 15_000 : 60_000;
    progress.phase(`nothing happens for ${idleMs / 1_000} s`);
    const cpuBefore = cpuMicros(fleet.installer.pid);
    const idle = await idleFor(fleet, idleMs, context);
    const cpu = cpuMicros(fleet.installer.pid) - cpuBefore;
    const memory = residentOf([fleet.installer.pid]);
    progress.phase('breaking pods');
    const seen: number[] = [];
    const breaking = quick ? 5 : clusterCount;
    for (const [index, id] of ids.slice(0, breaking).entries()) {
      seen.push(await breakPod(fleet, clusters, { id, clusterIndex: index }, context));
      progress.at(seen.length / breaking);
    }
    const asked = (what: string): number => idle.counted[what]?.count ?? 0;
    return {
      figures: [
        {
          what: 'memory of the installer',
          value: memory,
          unit: 'MB',
          beside: { what: 'just started, no installs', value: bareMB },
          goal: { most: 700 },
        },
        {
          what: `requests to clusters about installs, in ${idleMs / 1_000} s`,
          value: asked('read') + asked('apply') + asked('other'),
          unit: '',
          goal: { most: 0 },
        },
        { what: `watches begun anew, in ${idleMs / 1_000} s`, value: asked('watch'), unit: '' },
        { what: `statements in Postgres, in ${idleMs / 1_000} s`, value: asked('statement'), unit: '' },
        { what: 'CPU meanwhile, share of a core', value: cpu / 1_000 / idleMs, unit: '' },
        { what: 'pod broken → DEGRADED: p50', value: median(seen), unit: 'ms' },
        {
          what: 'pod broken → DEGRADED: longest',
          value: Math.max(...seen),
          unit: 'ms',
          goal: { most: 2_000 },
        },
        { what: 'after a start, until each was looked at', value: lookedSeconds, unit: 's' },
        {
          what: `memory of the ${clusterCount} simulated clusters`,
          value: residentOf(clusters.pids),
          unit: 'MB',
        },
      ],
      notes: [
        `${count} installs of 6 objects, with namespace, quota, limits and network policy, on ${clusterCount} kubesim clusters in one process. One on each cluster was installed; the others are copies of it, in the installer’s tables and on the cluster. The installer was started anew then, and nothing was compressed or collected for the figure.`,
        'Requests are counted in the installer’s process. A watch ends after four to six minutes and is begun anew; statements are looks of the queue and of the outbox for what is due.',
        `A pod is broken by deleting it when its image cannot be pulled any more; ${breaking} pods, each on another cluster.`,
      ],
    };
  },
};

/** The first of each cluster is the original. */
async function copied(fleet: Fleet, clusters: Clusters, count: number, context: Context): Promise<string[]> {
  const { rows } = await fleet.database.query<{ id: string; namespace: string; cluster_id: string }>(
    'select id, namespace, cluster_id from installs',
  );
  const each = count / fleet.places.length - 1;
  const copies = [];
  for (const [index, { clusterId }] of fleet.places.entries()) {
    const original = rows.find((row) => row.cluster_id === clusterId);
    if (!original) throw new Error(`nothing was installed on cluster ${index}`);
    const { id, namespace } = original;
    copies.push({ id, namespace, to: await copyRows(fleet.database, id, each) });
    context.progress.at((index + 1) / fleet.places.length / 2);
  }
  await fleet.database.query('analyze');
  await clusters.copy(copies);
  return copies.map(({ id, to }) => to[0] ?? id);
}

/** Nothing is due, and was not at the look before. */
async function atRest({ database }: Fleet, { signal, progress }: Context): Promise<void> {
  let most = 1;
  for (let quiet = 0; quiet < 10;) {
    await pause(300, undefined, { signal });
    const { rows } = await database.query<{ left: number }>(
      'select count(*)::int as left from reconcile_task where due_at is not null',
    );
    const left = rows[0]?.left ?? 0;
    most = Math.max(most, left);
    progress.at(1 - left / most);
    quiet = left === 0 ? quiet + 1 : 0;
  }
}

async function idleFor({ installer }: Fleet, ms: number, { signal, progress }: Context): Promise<Figures> {
  const before = await installer.figures();
  const begun = performance.now();
  for (let spent = 0; spent < ms; spent = performance.now() - begun) {
    await pause(Math.min(500, ms - spent), undefined, { signal });
    progress.at(spent / ms);
  }
  return since(before, await installer.figures());
}
