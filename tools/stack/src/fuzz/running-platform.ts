import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@cnap/programs';
import { needDevFile, type DevFile } from '../dev-file.ts';

/** `npm start` that runs. */
export type PlatformProcess = AsyncDisposable & { pid: number; dev: DevFile; dataDir: string; log: string };

/**
 * `npm start` in a scratch folder, with its sample data.
 * @param prepare puts into the data folder what is to be there before, and says what else the environment has
 */
export async function startPlatformProcess(
  environment: Record<string, string> = { LOG_LEVEL: 'warn' },
  prepare: (dataDir: string) => Promise<Record<string, string>> = () => Promise.resolve({}),
): Promise<PlatformProcess> {
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'cnap-fuzz-'));
  parts.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(folder, 0o755); // root's Postgres runs as another user
  const dataDir = join(folder, 'data');
  const log = join(folder, 'platform.log');
  const prepared = await prepare(dataDir);
  const entry = join(import.meta.dirname, '../main.ts');
  const child = spawn(process.execPath, [entry], {
    env: {
      ...process.env,
      CNAP_DATA: dataDir,
      CNAP_PORT: String(await freePort()),
      ...environment,
      ...prepared,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const ended = once(child, 'exit');
  parts.defer(async () => {
    child.kill('SIGTERM');
    await ended;
    file.end();
  });
  const giveUpAt = Date.now() + 180_000;
  const said = () => readFile(log, 'utf8').catch(() => '');
  while (!(await said()).includes('ready in')) {
    if (child.exitCode !== null || Date.now() > giveUpAt)
      throw new Error(`the platform did not become ready:\n${await said()}`);
    await pause(100);
  }
  const dev = await needDevFile(dataDir);
  const owned = parts.move();
  return { pid: child.pid ?? 0, dev, dataDir, log, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
