// `npm run bench -- <name>`: measures, prints a table, keeps results/<name>.json. See README.md here.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { messageOf } from '@cnap/errors';
import type { Benchmark } from './benchmark.ts';
import { charts } from './charts/benchmark.ts';
import { events } from './events.ts';
import { growth } from './growth/benchmark.ts';
import { isolation } from './isolation/benchmark.ts';
import { keep, writeDocument } from './kept-results.ts';
import { Mistake, readOptions, usage, type Options } from './options.ts';
import { createProgress } from './progress.ts';
import { read } from './read.ts';
import type { Result } from './result.ts';
import { sale } from './sale/benchmark.ts';
import { signIn } from './sign-in.ts';
import { start } from './start.ts';
import { storm } from './storm/benchmark.ts';
import { textTable } from './table.ts';
import { takeover } from './takeover.ts';
import { watch } from './watch/benchmark.ts';
import { webhook } from './webhook.ts';

const benchmarks: Benchmark[] = [
  start,
  sale,
  events,
  takeover,
  read,
  signIn,
  webhook,
  storm,
  watch,
  isolation,
  growth,
  charts,
];
/** Starting included; measuring itself ends long before. */
const usuallyMs = 300_000;

const say = (text = ''): void => void process.stdout.write(`${text}\n`);

async function main(interrupted: AbortSignal): Promise<void> {
  if (process.argv.includes('--help')) return say(usage);
  const options = readOptions(
    process.argv.slice(2),
    benchmarks.map(({ name }) => name),
  );
  if (options.list) return benchmarks.forEach(({ name, summary }) => say(`${name.padEnd(9)} ${summary}`));
  if (process.platform !== 'linux') throw new Mistake('CPU and memory are read from /proc: this needs Linux');
  const results: Result[] = [];
  for (const benchmark of benchmarks.filter(({ name }) => options.names.includes(name))) {
    const result = await measured(benchmark, options, interrupted);
    await keep(result);
    results.push(result);
    if (!options.json) report(result);
  }
  if (options.json) say(JSON.stringify(results, undefined, 2));
  if (options.write) await writeDocument();
  return undefined;
}

async function measured(
  { name, run, onAnyKubernetes = false, longestMs = usuallyMs }: Benchmark,
  options: Options,
  interrupted: AbortSignal,
): Promise<Result> {
  const { quick } = options;
  const kubernetes = onAnyKubernetes ? options.kubernetes : 'kubesim';
  const scratch = await mkdtemp(join(tmpdir(), 'cnap-bench-'));
  const progress = createProgress(name);
  const machine = {
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    loadBefore: loadavg()[0] ?? 0,
  };
  const begun = performance.now();
  try {
    const signal = AbortSignal.any([interrupted, AbortSignal.timeout(longestMs)]);
    const { figures, notes = [] } = await run({ quick, kubernetes, scratch, signal, progress });
    const seconds = Math.round((performance.now() - begun) / 1_000);
    const date = new Date().toISOString();
    return { name, date, machine, quick, kubernetes, seconds, figures, notes };
  } finally {
    progress.end();
    await rm(scratch, { recursive: true, force: true });
  }
}

function report({ name, machine, seconds, figures, notes }: Result): void {
  say(
    `\n${name}: ${machine.cores} cores, load average before ${machine.loadBefore.toFixed(1)}, ${seconds} s\n`,
  );
  say(textTable(figures));
  say();
  for (const note of notes) say(`· ${note}`);
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interruption.abort(new Mistake('interrupted')));
}
try {
  await main(interruption.signal);
} catch (error) {
  const isMistake = error instanceof Mistake || (error instanceof Error && error.name === 'ProgramMissing');
  process.stderr.write(`${isMistake ? (error as Error).message : messageOf(error)}\n`);
  if (!isMistake && process.env['CNAP_DEBUG'])
    process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
  process.exit(1);
}
process.exit(0);
