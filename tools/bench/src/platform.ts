import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, startChild } from '@cnap/programs';
import { descendants, type Process } from './processes.ts';
import { root } from './programs.ts';

type Person = { token: string; workspace_id: string };

/** What `npm start` tells about itself in dev.json (tools/stack), as far as it matters here. */
export type DevFile = {
  url: string;
  stripe_url: string;
  kubeconfig: string;
  database_url: string;
  seller: Person;
  buyer: Person;
  region_id: string;
  products: { one_time: string };
};

/** And what it keeps from one start to the next, in kept.json. */
export type Kept = {
  webhookSecret: string;
  ports: { identity: number };
  keys: { gateway: { privateKey: string } };
};

/** The whole platform in processes of its own, with its sample seller and buyer. */
export type Platform = AsyncDisposable & {
  dev: DevFile;
  kept: Kept;
  pid: number;
  /** From the command to "ready". */
  readyMs: number;
  processes(): Process[];
  /** The one process of a service. */
  processOf(name: string): Process;
};

/** Under npm everything is installed already (that is how we were started), so `npm start` is what is timed. */
export const startCommand = process.env['npm_lifecycle_event']
  ? { name: 'npm start', command: 'npm', args: ['--silent', 'start', '--'] }
  : {
      name: 'node tools/stack/src/main.ts',
      command: process.execPath,
      args: [join(root, 'tools/stack/src/main.ts')],
    };

export async function startPlatform(
  folder: string,
  { kubernetes, signal }: { kubernetes: string; signal: AbortSignal },
): Promise<Platform> {
  const logFile = `${folder}.log`;
  const before = readyLines(await textOf(logFile)); // the last start's in the same folder
  const begun = performance.now();
  const child = await startChild({
    command: startCommand.command,
    args: [...startCommand.args, '--kubernetes', kubernetes],
    cwd: root,
    env: { ...ownEnvironment(), CNAP_DATA: folder, CNAP_PORT: String(await freePort()) },
    logFile,
    stopTimeoutMs: 20_000,
  });
  try {
    while (readyLines(await textOf(logFile)) === before) {
      if (child.hasEnded) throw new Error(`${startCommand.name} ${await child.ended}:\n${child.logTail(12)}`);
      await pause(20, undefined, { signal });
    }
    const readyMs = performance.now() - begun;
    const processes = () => descendants(child.pid);
    return {
      dev: await json<DevFile>(join(folder, 'dev.json')),
      kept: await json<Kept>(join(folder, 'kept.json')),
      pid: child.pid,
      readyMs,
      processes,
      processOf(name) {
        const found = processes().find((one) => one.name === name);
        if (!found) throw new Error(`there is no process ${name}`);
        return found;
      },
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

const readyLines = (text: string): number => text.split('\n').filter((line) => /ready in/.test(line)).length;
const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
const json = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, 'utf8')) as T;

/** Without what would lead it to another Stripe, database or NATS than its own. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(STRIPE_.*|DATABASE_URL|NATS_URL|CNAP_DATA|CNAP_PORT)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
