import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';
import { publish, startEvents } from '@cnap/events';
import { migrate, openDatabase } from '@cnap/postgres';
import { startNats, startPostgres } from '@cnap/programs';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import type { Benchmark, Context } from './benchmark.ts';
import {
  asksForNotice,
  consumerMigrations,
  plainSeen,
  plainStream,
  seenChannel,
  type ConsumerTables,
} from './consumer/tables.ts';
import { cpuMicros, descendants } from './processes.ts';
import { startProgram } from './programs.ts';
import type { Figure } from './result.ts';
import { median, percentile } from './statistics.ts';

const inFlight = 64;
/** With many in flight the effects are looked for, so often. */
const lookMs = 2;

export const events: Benchmark = {
  name: 'events',
  summary: 'from the commit of a fact to the committed effect in another service',
  async run(context) {
    context.progress.phase('starting Postgres and NATS');
    await using stores = new AsyncDisposableStack();
    const postgres = stores.use(await startPostgres({ dataDir: join(context.scratch, 'postgres') }));
    const nats = stores.use(await startNats({ dataDir: join(context.scratch, 'nats') }));
    const urls = await makeServices(postgres.url, ['billing', 'installer']);
    const plain = stores.use(await openPlain(nats.url));
    const db = stores.use(openDatabase<ConsumerTables>({ url: urls['billing'] ?? '', schema: 'billing' }));
    stores.use(await startEvents({ db, natsUrl: nats.url, service: 'billing', subscriptions: [] }));
    const env = { DATABASE_URL: urls['installer'] ?? '', NATS_URL: nats.url };
    const consumer = stores.use(startProgram('consumer/main.ts', env));
    await consumer.next();
    const outbox = stores.use(await openOutbox(postgres.url, db));
    const cpu = () => [
      cpuMicros(process.pid),
      cpuMicros(consumer.pid),
      descendants(postgres.pid).reduce((sum, { pid }) => sum + cpuMicros(pid), 0),
    ];
    const direct = await measure(context, 'JetStream alone', plain, cpu);
    const through = await measure(context, 'commit → effect', outbox, cpu);
    const beside = (value: number) => ({ what: 'JetStream', value });
    return {
      figures: [
        {
          what: 'commit → effect, one at a time: p50',
          value: median(through.alone),
          unit: 'ms',
          beside: beside(median(direct.alone)),
          goal: { most: 20 },
        },
        {
          what: 'commit → effect, one at a time: p95',
          value: percentile(through.alone, 0.95),
          unit: 'ms',
          beside: beside(percentile(direct.alone, 0.95)),
        },
        {
          what: `commit → effect, ${inFlight} in flight`,
          value: through.perSecond,
          unit: '/s',
          beside: beside(direct.perSecond),
          goal: { least: 2_000 },
        },
        {
          what: `commit → effect, ${inFlight} in flight: p50`,
          value: median(through.many),
          unit: 'ms',
          beside: beside(median(direct.many)),
        },
        ...['publisher with relay', 'consumer', 'Postgres'].map((what, i): Figure => ({
          what: `CPU of an event, ${inFlight} in flight: ${what}`,
          value: through.cpu[i] ?? Number.NaN,
          unit: 'µs',
          ...(what === 'Postgres' ? {} : { beside: beside(direct.cpu[i] ?? Number.NaN) }),
        })),
      ],
      notes: [
        `${through.alone.length} facts one at a time, ${through.many.length} with ${inFlight} in flight; publisher with its relay and consumer are a process each, on one Postgres (durable) and one NATS.`,
        'From the answer to COMMIT until Postgres notifies of the effect, which it does when that is committed; with many in flight until a look every 2 ms finds it. One row is the effect.',
        'JetStream: publish to a stream on disk, consumed and acknowledged by the other process, which tells by a plain message; nothing in Postgres. From the publish.',
      ],
    };
  },
};

/** A way for something to get to the other process: resolves with the time it took from the commit. */
type Way = AsyncDisposable & { send(key: string): Promise<number> };

async function measure({ quick, progress, signal }: Context, name: string, way: Way, cpu: () => number[]) {
  const forMs = async (ms: number, lanes: number): Promise<number[]> => {
    const next = () => `ord_${lanes === 1 ? 'told_' : ''}${randomUUID()}`;
    const begun = performance.now();
    const times: number[] = [];
    const lane = async () => {
      while (performance.now() - begun < ms) {
        signal.throwIfAborted();
        times.push(await way.send(next()));
        progress.at((performance.now() - begun) / ms);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return times;
  };
  const ms = quick ? 1_500 : 8_000;
  progress.phase(`${name}: warming up`);
  await forMs(quick ? 500 : 2_000, 8);
  progress.phase(`${name}: one at a time`);
  const alone = await forMs(ms, 1);
  progress.phase(`${name}: ${inFlight} in flight`);
  const cpuBefore = cpu();
  const begun = performance.now();
  const many = await forMs(ms, inFlight);
  const perSecond = (many.length / (performance.now() - begun)) * 1_000;
  return {
    alone,
    many,
    perSecond,
    cpu: cpu().map((micros, i) => (micros - (cpuBefore[i] ?? 0)) / many.length),
  };
}

async function makeServices(adminUrl: string, services: string[]): Promise<Record<string, string>> {
  const urls: Record<string, string> = {};
  for (const service of services) {
    const role = { name: `cnap_${service}`, password: randomUUID() };
    await migrate({ adminUrl, service, role, migrations: consumerMigrations });
    const url = new URL(adminUrl);
    url.username = role.name;
    url.password = role.password;
    urls[service] = url.href;
  }
  return urls;
}

/** Those who wait to hear of a key. */
function createWaiting() {
  const waiting = new Map<string, (at: number) => void>();
  return {
    heard(key: string) {
      waiting.get(key)?.(performance.now());
      waiting.delete(key);
    },
    /** Those that nothing says anything about by itself. */
    unannounced: () => [...waiting.keys()].filter((key) => !asksForNotice(key)),
    /** When it was heard of, in milliseconds. */
    for(key: string): Promise<number> {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const timer = setTimeout(() => reject(new Error(`nothing was heard of ${key} for 20 s`)), 20_000);
      waiting.set(key, (at) => {
        clearTimeout(timer);
        resolve(at);
      });
      return promise;
    },
  };
}

async function openOutbox(
  adminUrl: string,
  db: ReturnType<typeof openDatabase<ConsumerTables>>,
): Promise<Way> {
  const listener = new Client({ connectionString: adminUrl });
  await listener.connect();
  await listener.query(`listen ${seenChannel}`);
  const waiting = createWaiting();
  listener.on('notification', ({ payload = '' }) => waiting.heard(payload));
  const stop = new AbortController();
  const looking = look();
  async function look(): Promise<void> {
    while (!stop.signal.aborted) {
      const keys = waiting.unannounced();
      const text = 'select key from installer.seen where key = any($1)';
      const { rows } = keys.length > 0 ? await listener.query<{ key: string }>(text, [keys]) : { rows: [] };
      for (const { key } of rows) waiting.heard(key);
      await pause(lookMs);
    }
  }
  return {
    async send(key) {
      const heard = waiting.for(key);
      await db.acrossWorkspaces((tx) =>
        publish(tx, {
          service: 'billing',
          resource: 'order',
          fact: 'changed',
          id: key,
          version: 1,
          workspaceIds: [],
          schema: StringValueSchema,
          message: create(StringValueSchema, { value: key }),
        }),
      );
      const committed = performance.now();
      return Math.max(0, (await heard) - committed);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await looking;
      await listener.end();
    },
  };
}

async function openPlain(natsUrl: string): Promise<Way> {
  const connection = await connect({ servers: natsUrl });
  const jsm = await jetstreamManager(connection);
  await jsm.streams.add({ name: plainStream.name, subjects: [plainStream.subject] });
  const js = jetstream(connection);
  const waiting = createWaiting();
  connection.subscribe(plainSeen, { callback: (_error, message) => waiting.heard(message.string()) });
  return {
    async send(key) {
      const heard = waiting.for(key);
      const begun = performance.now();
      await js.publish('plain.order', key);
      return (await heard) - begun;
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
