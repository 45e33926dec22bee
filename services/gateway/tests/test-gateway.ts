// The gateway as it runs, with NATS and small services behind it.
import { create, toBinary } from '@bufbuild/protobuf';
import { TokenEventSchema } from '@cnap/proto/cnap/identity/v1/token_event';
import { MemberEventSchema, WorkspaceEventSchema } from '@cnap/proto/cnap/identity/v1/workspace_event';
import { testKeys, testNats, type TestKeys } from '@cnap/testing';
import type { Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { readConfig } from '../src/config.ts';
import { startGateway, type Overrides } from '../src/service.ts';
import { startBackends, type Backends } from './backends.ts';

process.env['LOG_LEVEL'] ??= 'silent';

export const transports: Record<string, (baseUrl: string) => Transport> = {
  'Connect over HTTP/1.1': (baseUrl) => createConnectTransport({ httpVersion: '1.1', baseUrl }),
  'Connect GET': (baseUrl) =>
    createConnectTransport({ httpVersion: '1.1', baseUrl, useHttpGet: true, useBinaryFormat: false }),
  'Connect GET over HTTP/2': (baseUrl) =>
    createConnectTransport({ httpVersion: '2', baseUrl, useHttpGet: true }),
  'Connect over HTTP/2': (baseUrl) => createConnectTransport({ httpVersion: '2', baseUrl }),
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  'gRPC-Web over HTTP/1.1': (baseUrl) => createGrpcWebTransport({ httpVersion: '1.1', baseUrl }),
  'gRPC-Web over HTTP/2': (baseUrl) => createGrpcWebTransport({ httpVersion: '2', baseUrl }),
};

export type TestGateway = AsyncDisposable & {
  url: string;
  /** Stops it before its surroundings. */
  gateway: AsyncDisposable;
  keys: TestKeys;
  /** What another one in front of the same services is started with. */
  environment: Record<string, string>;
  backends: Backends;
  /** Publishes facts as identity's relay does. */
  facts: {
    tokenRevoked(credentialId: string): Promise<void>;
    memberRemoved(userId: string): Promise<void>;
    workspaceDeleted(workspaceId: string): Promise<void>;
  };
};

export async function startTestGateway(
  overrides: Overrides = {},
  environment: Record<string, string> = {},
): Promise<TestGateway> {
  await using parts = new AsyncDisposableStack();
  const keys = testKeys();
  const backends = parts.use(await startBackends(keys));
  const nats = testNats();
  const settings = {
    CNAP_PORT: '0',
    NATS_URL: nats.url,
    CNAP_NATS_PREFIX: nats.subjectPrefix,
    LOG_LEVEL: 'silent',
    ...keys.environmentOf('gateway'),
    ...backends.environment,
    ...environment,
  };
  const gateway = parts.use(await startGateway(readConfig(settings), overrides));
  let connection: NatsConnection | undefined;
  parts.defer(async () => connection?.close());
  const publish = async (subject: string, data: Uint8Array) => {
    connection ??= await connect({ servers: nats.url });
    connection.publish(`${nats.subjectPrefix}.${subject}`, data);
    await connection.flush();
  };
  const owned = parts.move();
  return {
    url: gateway.url,
    gateway,
    keys,
    environment: settings,
    backends,
    facts: {
      tokenRevoked: (credentialId) =>
        publish(
          'identity.v1.token.revoked',
          toBinary(TokenEventSchema, create(TokenEventSchema, { credentialId })),
        ),
      memberRemoved: (userId) =>
        publish(
          'identity.v1.member.removed',
          toBinary(MemberEventSchema, create(MemberEventSchema, { userId })),
        ),
      workspaceDeleted: (workspaceId) =>
        publish(
          'identity.v1.workspace.deleted',
          toBinary(WorkspaceEventSchema, create(WorkspaceEventSchema, { workspaceId })),
        ),
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
