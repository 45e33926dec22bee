import {
  ConnectError,
  createConnectRouter,
  createContextKey,
  createContextValues,
  Code,
} from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import type { DescMethod } from '@bufbuild/protobuf';
import type { DomainError } from '@cnap/errors';
import type { HttpRequest, HttpResponse } from './port.ts';
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
  const answer = async (): Promise<void> => {
    const values = createContextValues().set(refusalKey, toConnectError(error, service));
    const universal = universalRequestFromNodeRequest(request, response, undefined, values);
    await universalResponseToNodeResponse(await refusing(method)(universal), response);
  };
  answer().catch(() => {
    // The caller went away, or its request cannot even be told what is wrong with it.
    if (response.headersSent) return void response.destroy();
    response.statusCode = 400;
    response.end();
  });
}
