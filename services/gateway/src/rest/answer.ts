import { constants } from 'node:http2';
import { DomainError } from '@cnap/errors';
import { listText, parseJson, RestProblem } from '@cnap/rest';
import {
  cacheControlOf,
  clientAddressHeader,
  knowsSecrets,
  notKept,
  toConnectError,
  type Backends,
  type HttpRequest,
  type HttpResponse,
} from '@cnap/rpc';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Logger } from '@cnap/telemetry';
import type { Entrance } from '../auth/entrance.ts';
import type { Callers } from '../caller/callers.ts';
import { watchCaller } from '../caller/open-stream.ts';
import type { Call } from '../caller/port.ts';
import { workspaceMalformed } from '../caller/refusals.ts';
import { workspaceNamedBy } from '../rpc-forwarding/credential.ts';
import type { OpenCalls } from '../stop/open-calls.ts';
import { readBody } from './body.ts';
import { envelope } from './envelope.ts';
import { sendStream, type EventOptions } from './stream.ts';
import { acceptsEvents, chosenType, requireJson } from './negotiation.ts';
import type { Compiled } from './operations.ts';
import { send } from './send.ts';
import { callService, openCall, type ServiceCall, type ServiceHeaders } from './service-call.ts';

export type AnswerDeps = {
  backends: Backends;
  callers: Callers;
  entrance: Entrance;
  open: OpenCalls;
  logger: Logger;
  events: EventOptions;
  deadlineMs: number;
};

/** One request for an operation. */
export type Arrival = {
  compiled: Compiled;
  variables: readonly string[];
  query: string;
  requestId: string;
  traceparent: string;
};

/**
 * Answers one request.
 * @throws RestProblem, DomainError or ConnectError: why it is refused
 */
export async function answerOperation(
  request: HttpRequest,
  response: HttpResponse,
  arrival: Arrival,
  deps: AnswerDeps,
): Promise<void> {
  const { operation, form } = arrival.compiled;
  const type = typeFor(request, arrival.compiled);
  const { call, token, headers } = await headersFor(request, arrival, deps);
  if (response.destroyed) return;
  const unary = { headers, caller: response, deadlineMs: deps.deadlineMs };
  let message: Uint8Array;
  try {
    message = await messageOf(request, arrival);
  } catch (error) {
    if (error instanceof RestProblem && (error.status === 422 || error.status === 400)) {
      await refuseWhoMayNotCall(arrival.compiled, unary, deps);
    }
    throw error;
  }
  if (form !== undefined) {
    const stream = openCall(deps.backends, operation, headers, undefined);
    response.once('close', () => stream.close(constants.NGHTTP2_CANCEL));
    stream.end(envelope(message));
    const end = (error: DomainError): void => void stream.destroy(toConnectError(error, 'gateway'));
    deps.open.keep(response, 'stream', end);
    if (call && token !== undefined) {
      watchCaller(response, { callers: deps.callers, call, token }, end);
    }
    await sendStream(stream, response, operation, form, deps.events);
    return;
  }
  const { body, etag } = await contentOf(arrival.compiled, type, unary, message, deps);
  await send(request, response, {
    status: operation.status,
    type,
    body,
    etag,
    caching: operation.method === 'GET' ? cacheControlOf(operation.rpc, call === undefined) : notKept,
    compressible: !knowsSecrets(operation.rpc) && deps.entrance.isOwnDoing(request),
  });
}

async function contentOf(
  compiled: Compiled,
  type: string,
  unary: Omit<ServiceCall, 'message'>,
  message: Uint8Array,
  deps: AnswerDeps,
): Promise<{ body: string | Buffer | undefined; etag?: string | undefined }> {
  if (compiled.pages !== undefined) return { body: await everyPage(compiled, unary, message, deps) };
  const bytes = await callService(deps.backends, compiled.operation, { ...unary, message });
  const raw = compiled.raw.get(type);
  if (raw !== undefined) return { body: raw(bytes) };
  const { json, etag } = compiled.writeAnswer(bytes);
  return { body: json, etag };
}

function typeFor(request: HttpRequest, { operation, types }: Compiled): string {
  const { accept } = request.headers;
  if (operation.stream?.kind === 'bytes') return chosenType(accept, [operation.stream.type]);
  if (operation.stream !== undefined) acceptsEvents(accept);
  else if (operation.response.kind !== 'empty') return chosenType(accept, types);
  return types[0] ?? '';
}

/** Who calls, and what the service is told of it. */
async function headersFor(
  request: HttpRequest,
  arrival: Arrival,
  deps: AnswerDeps,
): Promise<{ call: Call | undefined; token: string | undefined; headers: ServiceHeaders }> {
  const { compiled, variables } = arrival;
  const address = deps.entrance.addressOf(request);
  const credential = deps.entrance.credentialOf(request);
  if (credential === undefined && !compiled.isPublic) throw signInRequired();
  const workspaceId = workspaceFor(request, compiled, variables);
  const call = credential === undefined ? undefined : { credential, workspaceId, address };
  const token = call && (await deps.callers.tokenFor(call));
  const headers = {
    authorization: token === undefined ? undefined : `Bearer ${token}`,
    traceparent: arrival.traceparent,
    'x-request-id': arrival.requestId,
    'user-agent': request.headers['user-agent'],
    [clientAddressHeader]: address === '' ? undefined : address,
  };
  return { call, token, headers };
}

/** The workspace that the path names where it does, else the header. */
function workspaceFor(request: HttpRequest, compiled: Compiled, variables: readonly string[]): string {
  const inPath = compiled.operation.pathParameters.findIndex(({ workspace }) => workspace);
  const named = workspaceNamedBy(inPath >= 0 ? variables[inPath] : request.headers['x-workspace-id']);
  if (named !== 'malformed') return named;
  if (!compiled.needsWorkspace) return '';
  throw inPath >= 0 ? workspaceNotFound() : workspaceMalformed();
}

async function messageOf(request: HttpRequest, { compiled, variables, query }: Arrival): Promise<Uint8Array> {
  const { operation, writeRequest } = compiled;
  return writeRequest({
    variables,
    query,
    body: operation.body === undefined ? undefined : await bodyOf(request),
    idempotencyKey: headerOf(request, 'idempotency-key'),
    ifMatch: headerOf(request, 'if-match'),
  });
}

async function bodyOf(request: HttpRequest): Promise<unknown> {
  const { headers } = request;
  const none =
    headers['content-length'] === '0' || (headers['content-length'] ?? headers['content-type']) === undefined;
  if (!none) requireJson(headers['content-type'], headers['content-encoding']);
  const bytes = await readBody(request);
  return bytes.byteLength === 0 ? undefined : parseJson(bytes);
}

function headerOf(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** No message at all, which every service refuses once it has let the caller in. */
const unreadable = Uint8Array.of(0xff);

/**
 * Whoever may not call an operation is not told how it is called: the service, which looks at the caller before
 * it looks at the message, gets one that it cannot read.
 */
async function refuseWhoMayNotCall(
  { operation }: Compiled,
  call: Omit<ServiceCall, 'message'>,
  { backends }: AnswerDeps,
): Promise<void> {
  if (operation.stream !== undefined) return;
  try {
    await callService(backends, operation, { ...call, message: unreadable });
  } catch (error) {
    if (error instanceof ConnectError && error.code !== Code.InvalidArgument) throw error;
  }
}

async function everyPage(
  { operation, pages }: Compiled,
  call: Omit<ServiceCall, 'message'>,
  message: Uint8Array,
  { backends }: AnswerDeps,
): Promise<string> {
  if (pages === undefined) throw new Error('the list has pages');
  const texts: string[] = [];
  let cursor: string | undefined;
  do {
    const bytes = await callService(backends, operation, { ...call, message: pages.write(message, cursor) });
    const page = pages.read(bytes);
    if (page.items !== '') texts.push(page.items);
    cursor = page.cursor;
  } while (cursor !== undefined && texts.length < maxPages);
  return listText(texts.join(','));
}

const maxPages = 100;

const signInRequired = (): DomainError =>
  new DomainError('unauthenticated', 'SIGN_IN_REQUIRED', 'This call needs a credential.', {
    suggestion: 'Send the header Authorization: Bearer followed by a token.',
  });

const workspaceNotFound = (): DomainError =>
  new DomainError('not-found', 'WORKSPACE_NOT_FOUND', 'There is no such workspace.');
