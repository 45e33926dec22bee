// What the catalog has told the others, and what others tell it.
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { type Fact, eventsMigrations, publish, startEvents } from '@cnap/events';
import { postgresMigrations } from '@cnap/postgres';
import { testDatabase } from '@cnap/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { TestCatalog } from './test-catalog.ts';

export type SeenFact<S extends DescMessage> = { fact: string; version: number; message: MessageShape<S> };

/** Who did what: `template.created` and the kind of its actor, in the order of the stream. */
export async function actorsOf(catalog: TestCatalog): Promise<{ fact: string; actor: string }[]> {
  const seen: { fact: string; actor: string }[] = [];
  await readFacts(catalog, (resource, fact, { headers }) =>
    seen.push({ fact: `${resource}.${fact}`, actor: headers.get('ce-actor') }),
  );
  return seen;
}

/** The facts about a resource, in the order of the stream. */
export async function factsOf<S extends DescMessage>(
  catalog: TestCatalog,
  resource: string,
  id: string,
  schema: S,
): Promise<SeenFact<S>[]> {
  const facts: SeenFact<S>[] = [];
  await readFacts(catalog, (named, fact, { headers, data }) => {
    if (named !== resource || headers.get('ce-subject') !== id) return;
    const version = Number(headers.get('ce-resourceversion'));
    facts.push({ fact, version, message: fromBinary(schema, data) });
  });
  return facts;
}

type Stored = { headers: { get(name: string): string }; data: Uint8Array };

async function readFacts(
  catalog: TestCatalog,
  see: (resource: string, fact: string, stored: Stored) => void,
): Promise<void> {
  await catalog.running.flushed();
  const connection = await connect({ servers: catalog.nats.url });
  try {
    const manager = await jetstreamManager(connection);
    const stream = `${catalog.nats.subjectPrefix}_CNAP_CATALOG`;
    const { state } = await manager.streams.info(stream);
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await manager.streams.getMessage(stream, { seq });
      const [, , , resource = '', fact = ''] = message?.subject.split('.') ?? [];
      if (message !== null) see(resource, fact, { headers: message.header, data: message.data });
    }
  } finally {
    await connection.close();
  }
}

/** Another service, as far as its facts go. */
export type Publisher = AsyncDisposable & {
  publish(fact: Omit<Fact, 'service' | 'workspaceIds'>): Promise<void>;
};

export async function startPublisher(
  catalog: TestCatalog,
  service: 'clusters' | 'billing',
): Promise<Publisher> {
  await using parts = new AsyncDisposableStack();
  const { db } = parts.use(await testDatabase(service, { ...postgresMigrations, ...eventsMigrations }));
  const { url, subjectPrefix } = catalog.nats;
  const events = parts.use(
    await startEvents({ db, natsUrl: url, subjectPrefix, service, subscriptions: [] }),
  );
  const owned = parts.move();
  return {
    async publish(fact) {
      await db.acrossWorkspaces((tx) =>
        publish(tx, { service, workspaceIds: [catalog.keys.workspaceId], ...fact }),
      );
      await events.flushed();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
