import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

/** A fact as it lies in JetStream. */
export type StoredFact = { type: string; resourceId: string; version: number; actor: string; text: string };

/** Everything that clusters has published so far. */
export async function readFacts(nats: { url: string; subjectPrefix: string }): Promise<StoredFact[]> {
  const connection = await connect({ servers: nats.url });
  try {
    const manager = await jetstreamManager(connection);
    const name = `${nats.subjectPrefix}_CNAP_CLUSTERS`;
    const { state } = await manager.streams.info(name);
    const facts: StoredFact[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
      const message = await manager.streams.getMessage(name, { seq });
      if (!message) continue;
      facts.push({
        type: message.header.get('ce-type'),
        resourceId: message.header.get('ce-subject'),
        version: Number(message.header.get('ce-resourceversion')),
        actor: message.header.get('ce-actor'),
        text: Buffer.from(message.data).toString('latin1'),
      });
    }
    return facts;
  } finally {
    await connection.close();
  }
}
