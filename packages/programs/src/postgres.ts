import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type RunningChild, startChild } from './child.ts';
import { findProgram } from './find-program.ts';
import { freePort } from './free-port.ts';
import { clearStalePidFile, saysReady } from './postmaster-pid.ts';
import { run } from './run.ts';
import { type Account, unprivilegedAccount } from './unprivileged.ts';
import { waitUntil } from './wait-until.ts';

export interface StartPostgresOptions {
  /** Made when it is not there; data that is there already is used again. */
  dataDir: string;
  /** A free one unless told. */
  port?: number;
  /** False trades safety on a power failure for speed: for tests. True unless told. */
  durable?: boolean;
  /** Of the superuser `postgres`, set when the data is made. `postgres` unless told: it listens on 127.0.0.1 only. */
  password?: string;
  /** Server settings by name, over the ones chosen here. */
  settings?: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal;
  onStep?: (text: string) => void;
}

export interface RunningPostgres extends AsyncDisposable {
  /** As the superuser, database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended, for whatever reason, with a line that says how. */
  readonly ended: Promise<string>;
}

/** Starts Postgres on 127.0.0.1 and returns when it answers. Disposing it is a fast shutdown. */
export async function startPostgres(options: StartPostgresOptions): Promise<RunningPostgres> {
  const { password = 'postgres', timeoutMs = 60_000, onStep } = options;
  const found = await findProgram('postgres', onStep ? { onStep } : {});
  const dataDir = resolve(options.dataDir);
  await mkdir(dirname(dataDir), { recursive: true });
  const account = await unprivilegedAccount([found.path, dirname(dataDir)]);

  if (existsSync(join(dataDir, 'PG_VERSION'))) {
    await checkDataVersion(dataDir, found.version);
    await clearStalePidFile(dataDir);
    await account.own(dataDir);
  } else {
    onStep?.('making a database');
    await makeData(found, dataDir, password, account, timeoutMs);
  }

  for (let tries = 1; ; tries++) {
    const port = options.port ?? (await freePort());
    const logFile = join(dataDir, 'server.log');
    await writeFile(logFile, '');
    const child = await startChild({
      ...account.command(join(found.path, 'postgres'), ['-D', dataDir, ...serverArguments(port, options)]),
      runAs: account.runAs,
      logFile,
      stopSignal: 'SIGINT', // fast shutdown: sessions are ended, data is flushed
      stopTimeoutMs: 10_000,
    });
    try {
      await waitUntil(
        () => {
          if (child.hasEnded) throw new Error(`Postgres did not start: ${reasonIn(child)}`);
          return saysReady(dataDir, child.pid);
        },
        {
          timeoutMs,
          late: () => new Error(`Postgres does not answer after ${timeoutMs} ms: ${reasonIn(child)}`),
          signal: options.signal,
        },
      );
    } catch (error) {
      await child[Symbol.asyncDispose]();
      const portTaken = child.logTail(20).includes('Address already in use');
      if (portTaken && options.port)
        throw new Error(`port ${port} is in use by another program`, { cause: error });
      if (portTaken && tries < 5) continue;
      throw error;
    }
    return {
      url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
      port,
      pid: child.pid,
      ended: child.ended,
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  }
}

function serverArguments(port: number, options: StartPostgresOptions): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable === false
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
      : {}),
    ...options.settings,
  };
  return [
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** Makes the data beside its place and moves it there, so that an interrupted start leaves nothing half-made. */
async function makeData(
  found: { path: string; version: string },
  dataDir: string,
  password: string,
  account: Account,
  timeoutMs: number,
): Promise<void> {
  const scratch = `${dataDir}.new-${randomUUID()}`;
  const passwordFile = join(tmpdir(), `cnap-pw-${randomUUID()}`);
  await mkdir(scratch, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  try {
    await account.own(scratch);
    await account.own(passwordFile);
    const locale =
      Number.parseInt(found.version) >= 17
        ? ['--locale-provider=builtin', '--locale=C.UTF-8']
        : ['--no-locale'];
    const { command, args } = account.command(join(found.path, 'initdb'), [
      `--pgdata=${scratch}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      ...locale,
      '--no-sync',
      '--no-instructions',
    ]);
    await run(command, args, { timeoutMs, cwd: '/', env: { ...process.env, LC_ALL: 'C' }, ...account.runAs });
    if (existsSync(dataDir)) await rm(dataDir, { recursive: true }); // only ever an empty or half-made folder
    await rename(scratch, dataDir);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(scratch, { recursive: true, force: true });
  }
}

async function checkDataVersion(dataDir: string, version: string): Promise<void> {
  const made = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
  if (made === String(Number.parseInt(version))) return;
  throw new Error(
    `${dataDir} was made by Postgres ${made}, and this is ${version}: start with --fresh, or set CNAP_POSTGRES_BIN`,
  );
}

function reasonIn(child: RunningChild): string {
  const lines = child.logTail(20).split('\n');
  return (
    lines.findLast((line) => /FATAL|PANIC|ERROR|error/.test(line)) ?? lines.at(-1) ?? 'it printed nothing'
  );
}
