import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { migrations } from '@cnap/installer/migrations';
import { migrate } from '@cnap/postgres';
import { startNats, startPostgres } from '@cnap/programs';
import { OrderInstallService } from '@cnap/proto/cnap/installer/v1/order_install_service';
import { peerClient } from '@cnap/rpc';
import { Client } from 'pg';
import type { Context } from '../benchmark.ts';
import { startInstallerProcess, type InstallerProcess } from './installer.ts';
import { startPeers, type Peers, type Place } from './peers.ts';

/** When an install was made, and when each step of it was done: milliseconds of the wall clock. */
export type Timed = {
  id: string;
  made: number;
  placed: number;
  rendered: number;
  applied: number;
  ready: number;
};

/** One installer with its own Postgres and NATS, on clusters that are there already. */
export type Fleet = AsyncDisposable & {
  installer: InstallerProcess;
  /** In the order of the kubeconfigs. */
  places: Place[];
  database: Client;
  /** A URL of Postgres' administrator. */
  databaseUrl: string;
  postgresPid: number;
  /** As billing makes it for an order. */
  make(place: Place): Promise<string>;
  /** Makes so many, some at a time, and returns when all of them are RUNNING. */
  install(places: readonly Place[], context: Context): Promise<Timed[]>;
  /** Returns when all of these are RUNNING. */
  running(ids: readonly string[], context: Context): Promise<Timed[]>;
  /** Ends the installer and starts it again with other settings. */
  restart(environment: Record<string, string>): Promise<void>;
};

const madeAtOnce = 16;

export async function startFleet(
  kubeconfigs: readonly string[],
  { scratch, signal }: Pick<Context, 'scratch' | 'signal'>,
): Promise<Fleet> {
  await using parts = new AsyncDisposableStack();
  const [postgres, nats, peers] = await Promise.all([
    startPostgres({ dataDir: join(scratch, 'postgres') }),
    startNats({ dataDir: join(scratch, 'nats') }),
    startPeers(kubeconfigs),
  ]);
  parts.use(postgres);
  parts.use(nats);
  parts.use(peers);
  const role = { name: 'cnap_installer', password: randomUUID() };
  await migrate({ adminUrl: postgres.url, service: 'installer', role, migrations });
  const url = new URL(postgres.url);
  url.username = role.name;
  url.password = role.password;
  const environment = {
    ...peers.environment,
    PORT: '0',
    DATABASE_URL: url.href,
    NATS_URL: nats.url,
    CNAP_KEYS: `bench:${randomBytes(32).toString('base64')}`,
  };
  const logFile = join(scratch, 'installer.log');
  let installer = await startInstallerProcess(environment, logFile);
  parts.defer(() => installer[Symbol.asyncDispose]());
  const database = new Client({ connectionString: postgres.url, options: '-c search_path=installer' });
  database.on('error', () => undefined); // the query under way fails with it
  await database.connect();
  parts.defer(() => database.end());
  let make = makerOf(installer, peers, signal);
  const owned = parts.move();
  return {
    get installer() {
      return installer;
    },
    places: peers.places,
    database,
    databaseUrl: postgres.url,
    postgresPid: postgres.pid,
    make: (place) => make(place),
    async install(places, context) {
      const ids: string[] = [];
      const left = [...places];
      await Promise.all(
        Array.from({ length: madeAtOnce }, async () => {
          for (let next = left.shift(); next; next = left.shift()) ids.push(await make(next));
        }),
      );
      return running(database, ids, context);
    },
    running: (ids, context) => running(database, ids, context),
    async restart(change) {
      await installer[Symbol.asyncDispose]();
      installer = await startInstallerProcess({ ...environment, ...change }, logFile);
      make = makerOf(installer, peers, signal);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function makerOf(
  { url }: InstallerProcess,
  peers: Peers,
  signal: AbortSignal,
): (place: Place) => Promise<string> {
  const billing = peerClient(OrderInstallService, {
    baseUrl: url,
    audience: 'installer',
    identity: peers.billing,
    timeoutMs: 60_000,
  });
  return async ({ productId, regionId }) => {
    const orderId = newId('ord');
    const order = {
      orderId,
      idempotencyKey: orderId,
      workspaceId: peers.workspaceId,
      sellerWorkspaceId: peers.sellerWorkspaceId,
      productId,
      regionId,
      quantity: 1,
      name: 'Storm',
    };
    for (;;) {
      try {
        return (await billing.ensureInstall(order)).install?.id ?? '';
      } catch (error) {
        // An order's reconciler would ask again, too.
        if (!(error instanceof DomainError) || error.kind !== 'unavailable') throw error;
        signal.throwIfAborted();
        await pause(250, undefined, { signal });
      }
    }
  };
}

async function running(
  database: Client,
  ids: readonly string[],
  { signal, progress }: Context,
): Promise<Timed[]> {
  for (;;) {
    signal.throwIfAborted();
    const count = await countRunning(database, ids);
    progress.at(count / ids.length);
    if (count === ids.length) return timesOf(database, ids);
    await pause(100, undefined, { signal });
  }
}

async function countRunning(database: Client, ids: readonly string[]): Promise<number> {
  const { rows } = await database.query<{ state: string; count: number; message: string }>(
    'select state, count(*)::int, max(message) as message from installs where id = any($1) group by state',
    [ids],
  );
  const failed = rows.find(({ state }) => state === 'failed');
  if (failed) throw new Error(`${failed.count} installs failed: ${failed.message}`);
  return rows.find(({ state }) => state === 'running')?.count ?? 0;
}

async function timesOf(database: Client, ids: readonly string[]): Promise<Timed[]> {
  type Row = { id: string; made: Date; ready: Date; conditions: { type: string; time: string }[] };
  const { rows } = await database.query<Row>(
    'select id, created_at as made, ready_at as ready, conditions from installs where id = any($1)',
    [ids],
  );
  return rows.map(({ id, made, ready, conditions }) => {
    const at = (type: string) => Date.parse(conditions.find((one) => one.type === type)?.time ?? '');
    return {
      id,
      made: made.getTime(),
      placed: at('Placed'),
      rendered: at('Rendered'),
      applied: at('Applied'),
      ready: ready.getTime(),
    };
  });
}
