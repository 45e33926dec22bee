import { join } from 'node:path';
import process from 'node:process';
import { startKubernetes } from '@cnap/programs';
import type { Context } from '../benchmark.ts';
import { childCpuMicros, cpuMicros, descendants, residentMB } from '../processes.ts';
import { startProgram } from '../programs.ts';
import type { Copies } from '../clusters/copy-installs.ts';
import type { Fleet } from './fleet.ts';

export type Simulated = { kubeconfig: string; url: string; token: string };

/** Clusters to install on, in processes of their own. */
export type Clusters = AsyncDisposable & {
  kubeconfigs: string[];
  /** kubesim only. */
  simulated: Simulated[];
  pids: number[];
  /** Puts copies of installs onto the clusters, in the order of these; simulated ones that keep their data only. */
  copy(copies: readonly Copies[]): Promise<void>;
};

export async function startClusters(
  count: number,
  { kubernetes, scratch, signal }: Pick<Context, 'kubernetes' | 'scratch' | 'signal'>,
  { keepsData = false } = {},
): Promise<Clusters> {
  if (kubernetes === 'real') {
    const before = new Set(descendants(process.pid).map(({ pid }) => pid));
    const started = await startKubernetes({ dataDir: join(scratch, 'kubernetes'), signal });
    return {
      kubeconfigs: [started.kubeconfig],
      simulated: [],
      pids: descendants(process.pid).flatMap(({ pid }) => (before.has(pid) ? [] : [pid])),
      copy: () => Promise.reject(new Error('only simulated clusters copy')),
      [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
    };
  }
  const data = join(scratch, 'clusters');
  const child = startProgram('clusters/main.ts', {
    BENCH_CLUSTERS: String(count),
    ...(keepsData ? { BENCH_DATA: data } : {}),
  });
  const { clusters } = (await child.next()) as { clusters: Simulated[] };
  return {
    kubeconfigs: clusters.map(({ kubeconfig }) => kubeconfig),
    simulated: clusters,
    pids: [child.pid],
    async copy(copies) {
      child.tell({ copies });
      await child.next();
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Tells a simulated cluster something; README.md of kubesim has it. */
export async function simulate(
  { url, token }: Simulated,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(`${url}/_sim/${path}`, { method, headers, ...sent });
  if (!answer.ok) throw new Error(`kubesim answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** CPU time that everything has used so far, in microseconds. */
export type Cpu = { installer: number; helm: number; postgres: number; clusters: number };

export function cpuOf(fleet: Fleet, clusters: Clusters): Cpu {
  const { pid } = fleet.installer;
  const postgres = [fleet.postgresPid, ...descendants(fleet.postgresPid).map((one) => one.pid)];
  return {
    installer: cpuMicros(pid),
    helm: childCpuMicros(pid), // the only program that it starts
    postgres: sum(postgres.map(cpuOrNone)) + childCpuMicros(fleet.postgresPid),
    clusters: sum(clusters.pids.map(cpuMicros)),
  };
}

export const residentOf = (pids: readonly number[]): number => sum(pids.map(residentMB));

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

/** A session's process may end between being found and being asked; its parent has its time then. */
function cpuOrNone(pid: number): number {
  try {
    return cpuMicros(pid);
  } catch {
    return 0;
  }
}
