// Reads the facts that services have published, as any CloudEvents consumer of JetStream would.
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Platform } from './platform.ts';

export type PublishedFact = {
  sequence: number;
  subject: string;
  headers: Record<string, string>;
  data: Uint8Array;
};

/** Every fact of a service's stream, oldest first. */
export async function factsOf({ nats }: Platform, service: string): Promise<PublishedFact[]> {
  const connection = await connect({ servers: nats.url });
  try {
    const manager = await jetstreamManager(connection);
    const stream = `${nats.subjectPrefix}_CNAP_${service.toUpperCase()}`;
    const { state } = await manager.streams.info(stream);
    const facts: PublishedFact[] = [];
    for (let sequence = state.first_seq; sequence <= state.last_seq; sequence += 1) {
      const message = await manager.streams.getMessage(stream, { seq: sequence });
      if (!message) continue;
      facts.push({
        sequence,
        subject: message.subject.slice(nats.subjectPrefix.length + 1),
        headers: Object.fromEntries(message.header.keys().map((key) => [key, message.header.get(key)])),
        data: message.data,
      });
    }
    return facts;
  } finally {
    await connection.close();
  }
}

/** The trace id of a W3C traceparent. */
export const traceIdOf = ({ headers }: PublishedFact): string => headers['traceparent']?.split('-')[1] ?? '';
