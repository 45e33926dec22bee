// The public port as grpc-js speaks to it, Node's own gRPC: unary calls, streams and errors.
import { fromBinary, toBinary, create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { OrderService } from '@cnap/proto/cnap/billing/v1/order_service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPlatform, type Platform } from './platform.ts';

let platform: Platform;
let client: Client;
beforeAll(async () => {
  platform = await startPlatform();
  client = new Client(new URL(platform.url).host, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await platform[Symbol.asyncDispose]();
});

const path = (method: { name: string }) => `/${OrderService.typeName}/${method.name}`;
const writer = (schema: DescMessage) => (message: MessageShape<DescMessage>) =>
  Buffer.from(toBinary(schema, message));
const reader =
  <D extends DescMessage>(schema: D) =>
  (bytes: Buffer) =>
    fromBinary(schema, bytes);

function metadataOf(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  metadata.set('x-workspace-id', platform.sample.buyer.workspace_id);
  return metadata;
}

test('a unary call answers, and without a good token is refused', async () => {
  const { listOrders: method } = OrderService.method;
  const call = (token: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<
      MessageShape<typeof method.output> | undefined
    >();
    client.makeUnaryRequest(
      path(method),
      writer(method.input),
      reader(method.output),
      create(method.input, {}),
      metadataOf(token),
      (error: ServiceError | null, answer) => (error ? reject(error) : resolve(answer)),
    );
    return promise;
  };
  expect((await call(platform.sample.buyer.token))?.orders).toEqual([]);
  await expect(call('nonsense')).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  await expect(call(platform.sample.stranger.token)).rejects.toMatchObject({ code: status.NOT_FOUND });
});

test('a stream ends with the status of its error', async () => {
  const { watchOrder: method } = OrderService.method;
  const stream = client.makeServerStreamRequest(
    path(method),
    writer(method.input),
    reader(method.output),
    create(method.input, { id: 'ord_01h455vb4pex5vsknk084sn02q' }),
    metadataOf(platform.sample.buyer.token),
  );
  const { promise, resolve } = Promise.withResolvers<ServiceError>();
  stream.on('data', () => undefined);
  stream.on('error', (error) => resolve(error as ServiceError));
  expect(await promise).toMatchObject({ code: status.NOT_FOUND });
});
