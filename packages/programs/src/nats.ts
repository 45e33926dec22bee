import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type RunningChild, startChild } from './child.ts';
import { findProgram } from './find-program.ts';
import { isAtLeast } from './program-version.ts';
import { waitUntil } from './wait-until.ts';

export interface StartNatsOptions {
  /** JetStream's store; made when it is not there, used again when it is. */
  dataDir: string;
  /** A free one unless told. */
  port?: number;
  timeoutMs?: number;
  signal?: AbortSignal;
  onStep?: (text: string) => void;
}

export interface RunningNats extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  /** Resolves when the server has ended, for whatever reason, with a line that says how. */
  readonly ended: Promise<string>;
}

/**
 * Starts a NATS server with JetStream on 127.0.0.1 and returns when it answers. From 2.10 on every
 * acknowledged message is on disk; older ones flush every 2 minutes, and the outbox fills what they lose.
 */
export async function startNats(options: StartNatsOptions): Promise<RunningNats> {
  const { timeoutMs = 30_000, onStep } = options;
  const found = await findProgram('nats-server', onStep ? { onStep } : {});
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'cnap-nats-'));
  const logFile = join(dataDir, 'server.log');
  const sync = isAtLeast(found.version, '2.10') ? 'sync_interval: always' : '';
  await writeFile(
    join(scratch, 'nats.conf'),
    `host: "127.0.0.1"
port: ${options.port ?? -1}
ports_file_dir: ${JSON.stringify(scratch)}
jetstream { store_dir: ${JSON.stringify(dataDir)}, max_file_store: 10GB, ${sync} }
max_payload: 8MB
`,
  );
  await writeFile(logFile, '');
  let child: RunningChild | undefined;
  try {
    const server = await startChild({
      command: found.path,
      args: ['-c', join(scratch, 'nats.conf')],
      logFile,
      stopSignal: 'SIGTERM',
    });
    child = server;
    let port: number | undefined;
    await waitUntil(
      async () => {
        if (server.hasEnded) throw new Error(natsError(server, options.port));
        port ??= await chosenPort(join(scratch, `nats-server_${server.pid}.ports`));
        return port !== undefined && (await greets(port));
      },
      {
        timeoutMs,
        late: () => new Error(`nats-server does not answer after ${timeoutMs} ms: ${server.logTail(1)}`),
        signal: options.signal,
      },
    );
    if (port === undefined) throw new Error('nats-server did not say its port');
    return {
      url: `nats://127.0.0.1:${port}`,
      port,
      pid: server.pid,
      version: found.version,
      ended: server.ended,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    await child?.[Symbol.asyncDispose]();
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The server says in a file which port it took. */
async function chosenPort(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const url = /nats:\/\/[^"]*:(\d+)/.exec(text)?.[1];
  return url === undefined ? undefined : Number(url);
}

function greets(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (yes: boolean) => {
      socket.destroy();
      answer(yes);
    };
    socket.setTimeout(2_000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('data', (data) => done(data.toString('latin1').startsWith('INFO ')));
  });
}

function natsError(server: RunningChild, port: number | undefined): string {
  const log = server.logTail(20);
  if (port !== undefined && log.includes('address already in use'))
    return `port ${port} is in use by another program`;
  const line = log.split('\n').findLast((text) => /\[FTL\]|\[ERR\]|error/.test(text)) ?? log;
  return `nats-server did not start: ${line}`;
}
