import type { Benchmark, Context } from '../benchmark.ts';
import { objectsInChart } from '../fleet/chart.ts';
import { since, type Figures } from '../fleet/figures.ts';
import { startFleet, type Fleet, type Timed } from '../fleet/fleet.ts';
import { renderedAlready } from '../fleet/rendered.ts';
import { cpuOf, startClusters, type Clusters, type Cpu } from '../fleet/where.ts';
import type { Figure } from '../result.ts';
import { median } from '../statistics.ts';
import { applyBare, bareAtOnce, helmsAtOnce, installByHelm } from './by-hand.ts';

const warmUps = 12;

export const storm: Benchmark = {
  name: 'storm',
  summary: 'many installs at once by one installer, and where each millisecond of them goes',
  onAnyKubernetes: true,
  longestMs: 900_000,
  async run(context) {
    const { progress, quick, kubernetes, scratch, signal } = context;
    const isReal = kubernetes === 'real';
    const count = quick ? 100 : isReal ? 300 : 1_000;
    const helms = quick ? 8 : 40;
    progress.phase('starting a cluster, Postgres, NATS and the installer');
    await using clusters = await startClusters(1, context);
    await using fleet = await startFleet(clusters.kubeconfigs, context);
    const [kubeconfig = ''] = clusters.kubeconfigs;
    progress.phase('warming up');
    await fleet.install(placesOf(fleet, warmUps), context);
    progress.phase(`${count} installs, each rendered by helm`);
    const rendering = await oneStorm({ fleet, clusters, count }, context);
    progress.phase('bare objects by server-side apply');
    const bare = await applyBare(kubeconfig, Math.min(count, 300), context);
    progress.phase(`helm install --wait, ${helmsAtOnce} at a time`);
    const byHelm = await installByHelm(kubeconfig, helms, context);
    await fleet.restart({ CNAP_HELM: await renderedAlready(scratch) });
    await fleet.install(placesOf(fleet, warmUps), context);
    signal.throwIfAborted();
    progress.phase(`${count} installs, rendered already`);
    const rendered = await oneStorm({ fleet, clusters, count }, context);
    const besideBare = { what: 'bare', value: bare };
    return {
      figures: [
        {
          what: `${count} installs, from the first request to the last RUNNING`,
          value: rendering.seconds,
          unit: 's',
          ...(isReal ? {} : { goal: { most: 60 } }),
        },
        {
          what: 'installs, each rendered',
          value: rendering.rate,
          unit: '/s',
          beside: besideBare,
          ...(isReal ? { goal: { least: 10 } } : {}),
        },
        {
          what: 'installs, each rendered, beside helm',
          value: rendering.rate,
          unit: '/s',
          beside: { what: `helm install --wait, ${helmsAtOnce} at a time`, value: byHelm },
        },
        {
          what: 'installs, rendered already',
          value: rendered.rate,
          unit: '/s',
          beside: besideBare,
          ...(isReal ? { goal: { least: 15 } } : {}),
        },
        ...costOf('rendering', rendering, count),
        ...costOf('rendered already', rendered, count),
      ],
      notes: [
        `A chart of ${objectsInChart} objects; the installer adds a namespace, a quota, a limit range and a network policy. Kubernetes: ${kubernetes}, pods ready at once. Catalog and clusters are played by the benchmark's process.`,
        `Bare: the ${objectsInChart} objects and their namespace by server-side apply from Node, ${bareAtOnce} at a time, nothing waited for. ${helms} releases by \`helm install --wait\`.`,
        'Rendered already: a program in helm’s place that answers with what helm rendered once, names exchanged.',
        'CPU is what limits it on two cores: the installer’s process is one thread; helm is its children. Time in a step is wall time in a crowd of 64, with what it waits for.',
      ],
    };
  },
};

const placesOf = ({ places: [place] }: Fleet, count: number) =>
  place ? Array.from({ length: count }, () => place) : [];

type Storm = { seconds: number; rate: number; times: Timed[]; figures: Figures; cpu: Cpu };

async function oneStorm(
  { fleet, clusters, count }: { fleet: Fleet; clusters: Clusters; count: number },
  context: Context,
): Promise<Storm> {
  const before = await fleet.installer.figures();
  const cpuBefore = cpuOf(fleet, clusters);
  const begun = performance.now();
  const times = await fleet.install(placesOf(fleet, count), context);
  const seconds = (performance.now() - begun) / 1_000;
  const cpuAfter = cpuOf(fleet, clusters);
  const names = Object.keys(cpuAfter) as (keyof Cpu)[];
  return {
    seconds,
    rate: count / seconds,
    times,
    figures: since(before, await fleet.installer.figures()),
    cpu: Object.fromEntries(names.map((name) => [name, cpuAfter[name] - cpuBefore[name]])) as Cpu,
  };
}

/** What one install costs: CPU by process, requests and statements, and how long it was in each step. */
function costOf(how: string, { cpu, figures, times }: Storm, count: number): Figure[] {
  const each = (what: string, micros: number): Figure => ({
    what: `${how}, CPU of an install: ${what}`,
    value: micros / 1_000 / count,
    unit: 'ms',
  });
  const asked = (what: string, kind: string): Figure[] => {
    const { count: times_, ms } = figures.counted[kind] ?? { count: 0, ms: 0 };
    return [
      { what: `${how}, of an install: ${what}`, value: times_ / count, unit: '' },
      { what: `${how}, until answered: ${what}`, value: ms / times_, unit: 'ms' },
    ];
  };
  const step = (what: string, from: (one: Timed) => number, to: (one: Timed) => number): Figure => ({
    what: `${how}, time in: ${what}`,
    value: median(times.map((one) => to(one) - from(one))),
    unit: 'ms',
  });
  return [
    each('the installer', cpu.installer),
    each('helm', cpu.helm),
    each('Postgres', cpu.postgres),
    each('the cluster', cpu.clusters),
    ...asked('applies', 'apply'),
    ...asked('reads of the cluster', 'read'),
    ...asked('statements', 'statement'),
    ...asked('transactions written', 'commit'),
    step('waiting to be placed', (one) => one.made, (one) => one.placed), // prettier-ignore
    step('rendering', (one) => one.placed, (one) => one.rendered), // prettier-ignore
    step('applying', (one) => one.rendered, (one) => one.applied), // prettier-ignore
    step('becoming healthy', (one) => one.applied, (one) => one.ready), // prettier-ignore
  ];
}
