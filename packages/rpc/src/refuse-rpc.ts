import {
  ConnectError,
  createConnectRouter,
  createContextKey,
  createContextValues,
  Code,
} from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type {
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import type { DescMethod } from '@bufbuild/protobuf';
import type { DomainError } from '@cnap/errors';
import type { HttpRequest, HttpResponse } from './port.ts';
import { notKept } from './read-caching.ts';
import { endUnreadBody } from './request-body.ts';
import { toConnectError } from './to-connect-error.ts';

const refusalKey = createContextKey(new ConnectError('refused', Code.Internal));
const handlers = new WeakMap<DescMethod, UniversalHandler>();

/** A handler of the protocol layer that refuses before it reads anything; it knows how each protocol says so. */
function refusing(method: DescMethod): UniversalHandler {
  const known = handlers.get(method);
  if (known !== undefined) return known;
  const router = createConnectRouter({
    requestGate: ({ values }) => {
      throw values.get(refusalKey);
    },
  });
  router.service(method.parent, {});
  for (const handler of router.handlers) handlers.set(handler.method, handler);
  return refusing(method);
}

/** The answer that refuses a request with `error`, in the protocol of the request. */
export const refusal = (
  method: DescMethod,
  request: UniversalServerRequest,
  error: ConnectError,
): Promise<UniversalServerResponse> =>
  refusing(method)({ ...request, contextValues: createContextValues().set(refusalKey, error) });

/** What ends an answer that has begun, in the protocol of the request: what its body ends with, and its trailers. */
export async function lastWordsOf(
  request: HttpRequest,
  response: HttpResponse,
  method: DescMethod,
  error: DomainError,
  service: string,
): Promise<{ body: Buffer; trailers: Record<string, string> }> {
  const universal = universalRequestFromNodeRequest(request, response, undefined, undefined);
  const { body, trailer } = await refusal(method, universal, toConnectError(error, service));
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return { body: Buffer.concat(chunks), trailers: Object.fromEntries(trailer ?? []) };
}

/**
 * Answers an RPC that is not to be handled or forwarded with an error, in the protocol the request speaks.
 * `service` is whose error it is: `gateway`.
 */
export function refuseRpc(
  request: HttpRequest,
  response: HttpResponse,
  method: DescMethod,
  error: DomainError,
  service: string,
): void {
  if (response.headersSent || response.destroyed) return;
  endUnreadBody(request, response);
  if (request.method === 'GET') response.setHeader('cache-control', notKept);
  const answer = async (): Promise<void> => {
    const universal = universalRequestFromNodeRequest(request, response, undefined, undefined);
    await universalResponseToNodeResponse(
      await refusal(method, universal, toConnectError(error, service)),
      response,
    );
  };
  answer().catch(() => {
    // The caller went away, or its request cannot even be told what is wrong with it.
    if (response.headersSent) return void response.destroy();
    response.statusCode = 400;
    response.end();
  });
}
