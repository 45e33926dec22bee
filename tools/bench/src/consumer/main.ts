// The consuming side: a service with one subscription whose effect is one row, and a bare JetStream consumer.
import process from 'node:process';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';
import { startEvents, subscribe } from '@cnap/events';
import { openDatabase } from '@cnap/postgres';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { sql } from 'kysely';
import { tell, told } from '../programs.ts';
import { asksForNotice, plainSeen, plainStream, seenChannel, type ConsumerTables } from './tables.ts';

const { DATABASE_URL: url = '', NATS_URL: natsUrl = '' } = process.env;
await using db = openDatabase<ConsumerTables>({ url, schema: 'installer' });
await using _events = await startEvents({
  db,
  natsUrl,
  service: 'installer',
  subscriptions: [
    subscribe({
      subject: 'billing.v1.order.*',
      schema: StringValueSchema,
      async handle(tx, { resourceId }) {
        if (!asksForNotice(resourceId)) {
          await sql`insert into seen (key) values (${resourceId})`.execute(tx);
          return;
        }
        await sql`with seen as (insert into seen (key) values (${resourceId}) returning key)
          select pg_notify(${seenChannel}, key) from seen`.execute(tx);
      },
    }),
  ],
});

const connection = await connect({ servers: natsUrl });
const jsm = await jetstreamManager(connection);
await jsm.consumers.add(plainStream.name, { durable_name: 'plain', ack_policy: AckPolicy.Explicit });
const consumer = await jetstream(connection).consumers.get(plainStream.name, 'plain');
const messages = await consumer.consume({
  callback(message) {
    message.ack();
    connection.publish(plainSeen, message.data);
  },
});
tell({ ready: true });
for await (const _ of told()); // until whoever started it is gone
await messages.close();
await connection.close();
