import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import {
  ConnectError,
  createClient,
  type Client,
  type Interceptor,
  type StreamResponse,
  type Transport,
} from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { ServiceIdentity } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { createLogger, redactText, startSpan, type Logger, type OpenSpan } from '@cnap/telemetry';
import { setTimeout as pause } from 'node:timers/promises';
import { isReadOnly } from './access.ts';
import { fromConnectError, isBroken } from './from-connect-error.ts';
import { connectionsTo } from './peer-connections.ts';

/** How a peer is called. */
export type PeerOptions = {
  /** `http://clusters:8080`; the peer speaks HTTP/2 without TLS. */
  baseUrl: string;
  /** The peer's name, `clusters`: its service tokens are for it alone. */
  audience: string;
  identity: ServiceIdentity;
  /** Of a unary call, default 10 s; a stream has none but its caller's signal. */
  timeoutMs?: number;
  logger?: Logger;
};

/** A repeat after UNAVAILABLE, for calls that may be repeated; a peer that restarts is back by then. */
const retryPausesMs = [50, 250];

/**
 * A client for another service of the platform: Connect over a few shared HTTP/2 connections, with a service
 * token and the trace of the work at hand. It throws DomainErrors only: unavailable; not-found,
 * failed-precondition and invalid-argument with the peer's reason; internal, logged, for anything else.
 */
export function peerClient<S extends DescService>(service: S, options: PeerOptions): Client<S> {
  const logger = options.logger ?? createLogger(options.identity.service);
  const transport = createConnectTransport({
    httpVersion: '2',
    baseUrl: options.baseUrl,
    useBinaryFormat: true,
    sessionManager: connectionsTo(options.baseUrl),
    // Within one network, compressing costs more than it saves.
    acceptCompression: [],
    interceptors: [translateErrors(options, logger), retryUnavailable, identify(options)],
  });
  return createClient(
    service,
    throwingDomainErrors(transport, options.timeoutMs ?? 10_000, options.audience),
  );
}

/**
 * Gives unary calls a deadline, and hands on the DomainErrors that the transport has wrapped in its own errors;
 * a deadline that passes the transport tells by itself.
 */
function throwingDomainErrors(transport: Transport, timeoutMs: number, peer: string): Transport {
  const rethrow = (error: unknown): never => {
    const connectError = ConnectError.from(error);
    throw connectError.cause instanceof DomainError
      ? connectError.cause
      : fromConnectError(connectError, peer);
  };
  async function* rethrowing<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (error) {
      rethrow(error);
    }
  }
  return {
    unary: (method, signal, deadline, header, message, values) =>
      transport.unary(method, signal, deadline ?? timeoutMs, header, message, values).catch(rethrow),
    async stream(method, signal, deadline, header, input, values) {
      const response = await transport.stream(method, signal, deadline, header, input, values).catch(rethrow);
      return { ...response, message: rethrowing(response.message) };
    },
  };
}

const identify =
  ({ identity, audience }: PeerOptions): Interceptor =>
  (next) =>
  async (request) => {
    // A call on somebody's behalf carries that caller's token instead.
    if (!request.header.has('authorization')) {
      request.header.set('authorization', `Bearer ${await identity.token(audience)}`);
    }
    return next(request);
  };

const retryUnavailable: Interceptor = (next) => async (request) => {
  if (request.stream || !mayRepeat(request.method, request.message)) return next(request);
  for (const pauseMs of retryPausesMs) {
    try {
      return await next(request);
    } catch (error) {
      if (!isBroken(ConnectError.from(error)) || request.signal.aborted) throw error;
      await pause(pauseMs * (0.5 + Math.random()), undefined, { signal: request.signal });
    }
  }
  return next(request);
};

/** Reads, and writes that say by a request_id which write they are. */
export function mayRepeat(method: DescMethod, message: Message): boolean {
  if (isReadOnly(method)) return true;
  const field = method.input.fields.find(({ name }) => name === 'request_id');
  return (
    field !== undefined && field.fieldKind === 'scalar' && reflect(method.input, message).get(field) !== ''
  );
}

const translateErrors =
  (options: PeerOptions, logger: Logger): Interceptor =>
  (next) =>
  async (request) => {
    const rpc = `${request.service.typeName}/${request.method.name}`;
    const open = startSpan(
      rpc,
      { 'rpc.service': request.service.typeName, 'rpc.method': request.method.name },
      {
        kind: 'client',
      },
    );
    request.header.set('traceparent', open.traceparent);
    const translate = (thrown: unknown) => {
      const error = fromConnectError(ConnectError.from(thrown), options.audience);
      open.end({ error });
      if (error.kind === 'internal') {
        logger.error(
          { err: error, peer: options.audience, rpc },
          `peer failed: ${redactText(String(thrown))}`,
        );
      }
      return error;
    };
    try {
      const response = await next(request);
      if (response.stream) return { ...response, message: messagesOf(response, open, translate) };
      open.end();
      return response;
    } catch (error) {
      throw translate(error);
    }
  };

async function* messagesOf(response: StreamResponse, open: OpenSpan, translate: (error: unknown) => Error) {
  try {
    yield* response.message;
    open.end();
  } catch (error) {
    throw translate(error);
  }
}
