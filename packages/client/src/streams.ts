import type { DescService } from '@bufbuild/protobuf';
import { Code, ConnectError, type CallOptions, type Client } from '@connectrpc/connect';

type Stream = (request: unknown, options?: CallOptions) => AsyncIterable<unknown>;

/**
 * A client whose streams end at the server as soon as their reader leaves the loop (Connect's own iterators do not tell
 * it, and the server would go on sending), and whose streams that are cut off say UNAVAILABLE: watch again.
 */
export function withTidyStreams<S extends DescService>(service: S, client: Client<S>): Client<S> {
  const methods = client as Record<string, unknown>;
  const streams = service.methods
    .filter(({ methodKind }) => methodKind === 'server_streaming')
    .map(({ localName }) => [localName, tidy(methods[localName] as Stream)]);
  return { ...client, ...Object.fromEntries(streams) };
}

const tidy = (stream: Stream): Stream =>
  async function* (request, options = {}) {
    const left = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
    try {
      for await (const message of stream(request, { ...options, signal })) yield message;
    } catch (error) {
      throw isCut(error) ? cutOff(error) : error;
    } finally {
      left.abort();
    }
  };

/** fetch says TypeError when a body ends in the middle; Connect and gRPC-Web, that its last frame is missing. */
function isCut(error: unknown): boolean {
  if (!(error instanceof ConnectError) || error.code !== Code.Unknown || error.details.length > 0)
    return false;
  return error.cause instanceof TypeError || /EndStreamResponse|missing trailer/.test(error.rawMessage);
}

const cutOff = (cause: unknown): ConnectError =>
  new ConnectError('the stream was cut off', Code.Unavailable, undefined, undefined, cause);
