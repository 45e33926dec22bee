import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startNats, type RunningNats } from '@cnap/programs';

/** A NATS server of this test's own that can be killed, harmed and started again under the same address. */
export interface RestartableNats extends AsyncDisposable {
  readonly url: string;
  start(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Cuts bytes off the end of the stream's newest file: what a power failure before an fsync does. */
  cutNewest(stream: string, bytes: number): Promise<void>;
  /** Loses everything. */
  wipe(): Promise<void>;
}

export async function restartableNats(): Promise<RestartableNats> {
  const folder = await mkdtemp(join(tmpdir(), 'cnap-nats-loss-'));
  const dataDir = join(folder, 'store');
  const port = await freePort();
  let server: RunningNats | undefined;
  const kill = async (): Promise<void> => {
    if (server === undefined) return;
    process.kill(server.pid, 'SIGKILL');
    await server.ended;
    server = undefined;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      server = await startNats({ dataDir, port });
    },
    kill,
    async cutNewest(stream, bytes) {
      const messages = join(dataDir, 'jetstream', '$G', 'streams', stream, 'msgs');
      const blocks = (await readdir(messages)).filter((name) => name.endsWith('.blk'));
      const newest = blocks.toSorted((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))[0] ?? '';
      const { size } = await stat(join(messages, newest));
      await truncate(join(messages, newest), Math.max(0, size - bytes));
      // The index may be older than the blocks after a crash; the server rebuilds it.
      for (const name of await readdir(messages)) if (!name.endsWith('.blk')) await rm(join(messages, name));
    },
    wipe: () => rm(dataDir, { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
