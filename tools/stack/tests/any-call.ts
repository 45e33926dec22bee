// Any RPC, called with its generated client.
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { createClient, type CallOptions, type Transport } from '@connectrpc/connect';

/** Calls it; of a stream, the first message. Bidirectional streams need HTTP/2. */
export async function callAny(
  transport: Transport,
  service: DescService,
  method: DescMethod,
  request: object,
  options: CallOptions,
): Promise<unknown> {
  type Rpc = (request: object, options: CallOptions) => unknown;
  const rpc = (createClient(service, transport) as Record<string, Rpc>)[method.localName];
  if (rpc === undefined) throw new Error(`there is no ${method.localName}`);
  if (method.methodKind === 'unary') return rpc(request, options);
  const answers = rpc(method.methodKind === 'bidi_streaming' ? only(request) : request, options);
  for await (const message of answers as AsyncIterable<unknown>) return message;
  return undefined;
}

async function* only(request: object) {
  yield request;
}
