import { mkdtemp } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { startNats, startPostgres } from '@cnap/programs';
import type { Benchmark, Context } from './benchmark.ts';
import { startCommand, startPlatform } from './platform.ts';
import { residentMB } from './processes.ts';
import type { Figure } from './result.ts';
import { median } from './statistics.ts';

const services = ['gateway', 'identity', 'clusters', 'catalog', 'billing', 'installer'];
/** Those that hold connections to clusters. */
const withKubernetes = new Set(['clusters', 'installer']);
/** Goals, in MB. */
const plainMB = 130;
const kubernetesMB = 190;

export const start: Benchmark = {
  name: 'start',
  summary: 'how soon everything is ready after the command, and how much memory it takes',
  async run(context) {
    const { quick, progress, scratch } = context;
    const rounds = quick ? 1 : 3;
    const stores: number[] = [];
    const fresh: number[] = [];
    const again: number[] = [];
    let memory: Figure[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const folder = await mkdtemp(join(scratch, 'platform-'));
      progress.phase(`Postgres and NATS alone (${round + 1} of ${rounds})`);
      stores.push(await storesAlone(await mkdtemp(join(scratch, 'stores-'))));
      progress.phase(`with no data (${round + 1} of ${rounds})`);
      {
        await using platform = await startPlatform(folder, context);
        fresh.push(platform.readyMs);
      }
      progress.at((round + 0.6) / rounds);
      progress.phase(`with data (${round + 1} of ${rounds})`);
      await using platform = await startPlatform(folder, context);
      again.push(platform.readyMs);
      progress.at((round + 1) / rounds);
      if (round === rounds - 1) memory = await memoryOf(context, platform);
    }
    const beside = { what: 'Postgres and NATS alone', value: median(stores) / 1_000 };
    const goal = { most: 15 };
    return {
      figures: [
        { what: 'ready, with no data', value: median(fresh) / 1_000, unit: 's', beside, goal },
        { what: 'ready, with data', value: median(again) / 1_000, unit: 's', beside, goal },
        ...memory,
      ],
      notes: [
        `From \`${startCommand.name}\` to "ready", dependencies installed, programs there; median of ${rounds}.`,
        `Memory is resident (RSS) after ${idleMs(quick) / 1_000} s idle with the sample seller's data; MB are 2^20 bytes. Bare: a Node process with an HTTP server.`,
      ],
    };
  },
};

const idleMs = (quick: boolean): number => (quick ? 3_000 : 10_000);

async function storesAlone(folder: string): Promise<number> {
  const begun = performance.now();
  await using _postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  await using _nats = await startNats({ dataDir: join(folder, 'nats') });
  return performance.now() - begun;
}

async function memoryOf(
  { quick, progress, signal }: Context,
  platform: { processes(): { pid: number; name: string }[] },
): Promise<Figure[]> {
  progress.phase('idle');
  const bare = spawn(process.execPath, ['-e', 'require("http").createServer().listen(0, "127.0.0.1")']);
  try {
    await pause(idleMs(quick), undefined, { signal });
    const beside = { what: 'bare', value: residentMB(bare.pid ?? 0) };
    const all = platform.processes();
    const figures = services.flatMap((name): Figure[] =>
      all
        .filter((one) => one.name === name)
        .map(({ pid }) => ({
          what: `memory: ${name}${withKubernetes.has(name) ? ' (Kubernetes)' : ''}`,
          value: residentMB(pid),
          unit: 'MB',
          beside,
          goal: { most: withKubernetes.has(name) ? kubernetesMB : plainMB },
        })),
    );
    const tools = ['kubesim', 'stripesim'].flatMap((name): Figure[] =>
      all
        .filter((one) => one.name === name)
        .map(({ pid }) => ({ what: `memory: ${name}`, value: residentMB(pid), unit: 'MB', beside })),
    );
    return [...figures, ...tools];
  } finally {
    bare.kill();
  }
}
