import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import type { Transport } from '@connectrpc/connect';
import type { TransportParts } from './client.ts';

/**
 * A transport over HTTP/2, for Node alone: many calls over one connection, and streams in both directions.
 * `createCnapClient({ baseUrl, transport: http2Transport() })`
 */
export const http2Transport =
  (protocol: 'connect' | 'grpc' = 'connect') =>
  ({ baseUrl, interceptors }: TransportParts): Transport =>
    protocol === 'grpc'
      ? createGrpcTransport({ baseUrl, interceptors })
      : createConnectTransport({ httpVersion: '2', baseUrl, interceptors, useBinaryFormat: true });
