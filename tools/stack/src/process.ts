import { setTimeout as pause } from 'node:timers/promises';
import { startChild } from '@cnap/programs';
import { Mistake } from './options.ts';
import type { Running } from './supervisor.ts';

const startTimeoutMs = 60_000;

/** A TypeScript program of this repository as a process of its own. */
export type NodeProcess = {
  name: string;
  /** Path of its entry from the repository's root. */
  entry: string;
  args?: string[];
  env?: Record<string, string>;
  logFile: string;
  /** Answers 200 when it is ready. */
  readyUrl: string;
  headers?: Record<string, string>;
};

const root = new URL('../../../', import.meta.url).pathname;

/**
 * What a process runs with on a machine that it shares with all the others: compiled code is kept between starts (half
 * the CPU of a start), and the young generation of the heap stays small (20–30 MB less each).
 */
const lean = {
  NODE_COMPILE_CACHE: `${root}node_modules/.cache/cnap-compiled`,
  NODE_OPTIONS: [process.env['NODE_OPTIONS'] ?? '', '--max-semi-space-size=4'].join(' ').trim(),
};

/** Starts it and returns when it says that it is ready. */
export async function startNodeProcess(wanted: NodeProcess): Promise<Running & { readonly pid: number }> {
  const child = await startChild({
    command: process.execPath,
    args: [`${root}${wanted.entry}`, ...(wanted.args ?? [])],
    cwd: root,
    env: { ...inherited(), ...lean, ...wanted.env },
    logFile: wanted.logFile,
    stopTimeoutMs: 8_000,
  });
  const giveUpAt = performance.now() + startTimeoutMs;
  while (!(await answers(wanted))) {
    if (child.hasEnded) throw new Mistake(`${wanted.name} ${await child.ended}:\n${child.logTail(12)}`);
    if (performance.now() > giveUpAt) {
      await child[Symbol.asyncDispose]();
      throw new Mistake(
        `${wanted.name} is not ready after ${startTimeoutMs / 1_000} s; its log: ${wanted.logFile}`,
      );
    }
    await pause(40);
  }
  return child;
}

/** What a program may see of our environment: nothing that would change what it was told. */
function inherited(): NodeJS.ProcessEnv {
  const own =
    /^(CNAP_CACHE|CNAP_HELM|CNAP_KUBECTL|KUBEBUILDER_ASSETS|PATH|HOME|TMPDIR|LANG|LC_ALL|XDG_CACHE_HOME|LOG_LEVEL|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|OTEL_.*)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => own.test(name)));
}

async function answers({ readyUrl, headers }: NodeProcess): Promise<boolean> {
  try {
    const response = await fetch(readyUrl, {
      signal: AbortSignal.timeout(2_000),
      ...(headers ? { headers } : {}),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
