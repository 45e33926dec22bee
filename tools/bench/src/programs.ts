import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import process from 'node:process';

export const root = join(import.meta.dirname, '../../..');

/** A TypeScript program of this folder as a process of its own, that tells things as lines of JSON. */
export type Child = AsyncDisposable & {
  readonly pid: number;
  /** The next thing it tells. Rejects when it ends instead. */
  next(): Promise<Record<string, unknown>>;
  tell(message: object): void;
  /** Kills it as a power failure would. */
  kill(): Promise<void>;
};

/** Starts `src/<entry>`; it ends when its standard input does, so also when this process is killed. */
export function startProgram(entry: string, env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, entry)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
  child.stdin.on('error', () => undefined); // it has ended; whoever waits for it hears that
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const { pid } = child;
  if (pid === undefined) throw new Error(`${entry} cannot be started`);
  return {
    pid,
    async next() {
      const line = await lines.next();
      if (line.done) throw new Error(`${entry} has ended: ${complaint}`);
      return JSON.parse(line.value) as Record<string, unknown>;
    },
    tell: (message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** For the other side: tells something to whoever started this process. */
export const tell = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

/** For the other side: what it is told, until the starter is gone. */
export async function* told(): AsyncGenerator<Record<string, unknown>> {
  for await (const line of createInterface({ input: process.stdin })) {
    yield JSON.parse(line) as Record<string, unknown>;
  }
}
