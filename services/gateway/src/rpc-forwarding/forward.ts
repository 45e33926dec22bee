import { DomainError, invalidField } from '@cnap/errors';
import {
  clientAddressHeader,
  forwardRpc,
  isReadOnly,
  knowsSecrets,
  refuseRpc,
  requestIdFrom,
  type Backends,
  type HttpRequest,
  type HttpResponse,
  type RpcRoute,
} from '@cnap/rpc';
import { counter, histogram, startSpan, withTrace, type Logger } from '@cnap/telemetry';
import type { Entrance } from '../auth/entrance.ts';
import type { Callers } from '../caller/callers.ts';
import { watchCaller } from '../caller/open-stream.ts';
import type { Call } from '../caller/port.ts';
import type { OpenCalls } from '../stop/open-calls.ts';
import { workspaceNamedBy } from './credential.ts';

type Deps = {
  backends: Backends;
  callers: Callers;
  entrance: Entrance;
  open: OpenCalls;
  logger: Logger;
};

const calls = counter('cnap.gateway.calls');
const durations = histogram('cnap.gateway.duration_ms');

/** Hands one RPC on to its service, with the caller's signed token in place of the credential. */
export function forward(request: HttpRequest, response: HttpResponse, route: RpcRoute, deps: Deps): void {
  const { traceparent } = request.headers;
  const rpc = `${route.method.parent.typeName}/${route.method.name}`;
  const span = startSpan(
    rpc,
    { 'rpc.service': route.method.parent.typeName, 'rpc.method': route.method.name },
    { kind: 'server', ...(typeof traceparent === 'string' ? { parent: traceparent } : {}) },
  );
  const requestId = requestIdFrom(request);
  const startedAt = performance.now();
  let refused: DomainError | undefined;
  response.once('close', () => {
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
    const outcome = refused?.reason ?? String(response.statusCode);
    calls.add(1, { rpc, outcome });
    durations.record(durationMs, { rpc, outcome });
    span.end(refused ? { error: refused } : {});
    // A read that went well changes nothing and is counted anyway; its line would cost a tenth of the call.
    const level = outcome === '200' && isReadOnly(route.method) ? 'debug' : 'info';
    withTrace(span.traceparent, () =>
      deps.logger[level]({ rpc, outcome, durationMs, requestId }, 'forwarded'),
    );
  });
  withTrace(span.traceparent, async () => {
    try {
      const address = deps.entrance.addressOf(request);
      const call = callIn(request, address, deps.entrance);
      const token = call && (await deps.callers.tokenFor(call));
      if (gone(response)) return;
      const forwarded = forwardRpc(request, response, {
        route,
        backends: deps.backends,
        headers: {
          ...withoutInternalHeaders(request),
          ...(knowsSecrets(route.method) || !deps.entrance.isOwnDoing(request) ? uncompressed : {}),
          authorization: token === undefined ? undefined : `Bearer ${token}`,
          traceparent: span.traceparent,
          'x-request-id': requestId,
          [clientAddressHeader]: address === '' ? undefined : address,
        },
        responseHeaders: { 'x-request-id': requestId },
      });
      const end = (error: DomainError): void => {
        refused = error;
        forwarded.end(error);
      };
      const isUnary = route.method.methodKind === 'unary';
      deps.open.keep(response, isUnary ? 'unary' : 'stream', end);
      if (call && token !== undefined && !isUnary) {
        watchCaller(response, { callers: deps.callers, call, token }, end);
      }
    } catch (error) {
      refused = asDomainError(error);
      if (refused.kind === 'internal') deps.logger.error({ err: error, rpc, requestId }, 'could not forward');
      response.setHeader('x-request-id', requestId);
      refuseRpc(request, response, route.method, refused, 'gateway');
    }
  }).catch((error: unknown) => {
    // The caller left while it was being refused.
    deps.logger.debug({ err: error, rpc, requestId }, 'the caller is gone');
    response.destroy();
  });
}

function callIn(request: HttpRequest, address: string, entrance: Entrance): Call | undefined {
  const credential = entrance.credentialOf(request);
  if (credential === undefined) return undefined;
  const named = workspaceNamedBy(request.headers['x-workspace-id']);
  if (named === 'malformed') throw invalidField('X-Workspace-Id', 'is not the id of a workspace');
  return { credential, workspaceId: named, address };
}

/** A length that tells of nothing; without the headers an answer would be compressed as its request is. */
const uncompressed = {
  'accept-encoding': 'identity',
  'connect-accept-encoding': 'identity',
  'grpc-accept-encoding': 'identity',
};

/** What only the platform itself says, and what services are not to see. */
function withoutInternalHeaders(request: HttpRequest): Record<string, undefined> {
  const dropped: Record<string, undefined> = {
    cookie: undefined,
    tracestate: undefined,
    'x-workspace-id': undefined,
  };
  for (const name in request.headers) if (name.startsWith('x-cnap-')) dropped[name] = undefined;
  return dropped;
}

const gone = (response: HttpResponse): boolean =>
  response.destroyed || ('stream' in response && response.stream.destroyed);

const asDomainError = (error: unknown): DomainError =>
  error instanceof DomainError
    ? error
    : new DomainError('internal', 'INTERNAL', 'The call could not be handed on.', { cause: error });
