import type { HttpRequest, HttpResponse } from '@cnap/rpc';

/** What a page may send: protocols' own headers, credentials in `authorization` (never cookies), and ours. */
const allowedHeaders = [
  'authorization',
  'connect-accept-encoding',
  'connect-content-encoding',
  'connect-protocol-version',
  'connect-timeout-ms',
  'content-encoding',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'traceparent',
  'x-grpc-web',
  'x-user-agent',
  'x-workspace-id',
].join(', ');
/** And what it may read beside the body. */
const exposedHeaders = [
  'connect-content-encoding',
  'etag',
  'grpc-encoding',
  'grpc-message',
  'grpc-status',
  'grpc-status-details-bin',
  'retry-after',
  'www-authenticate',
  'x-request-id',
].join(', ');
const methods = 'GET, HEAD, POST, PATCH, DELETE';
const rememberedSeconds = '7200';

/** What of the port pages of other sites may use: RPCs and REST, not sign-in, which goes by cookies. */
const isOpen = (path: string): boolean => /^\/(v1\/|[a-z]+(\.[a-z0-9]+)+\.[A-Za-z]+\/)/.test(path);

/**
 * Lets pages of some origins call the API. An origin is one exactly: `https://console.example.com`.
 * @returns whether the request was a preflight, which is answered
 */
export function createCors(
  origins: readonly string[],
): (request: HttpRequest, response: HttpResponse, path: string) => boolean {
  const known = new Set(origins);
  return (request, response, path) => {
    if (known.size === 0 || !isOpen(path)) return false;
    // A cache must not give one origin the answer for another.
    response.setHeader('vary', 'origin');
    const { origin } = request.headers;
    if (origin === undefined || !known.has(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    const isPreflight =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (!isPreflight) {
      response.setHeader('access-control-expose-headers', exposedHeaders);
      return false;
    }
    response.setHeader('access-control-allow-methods', methods);
    response.setHeader('access-control-allow-headers', allowedHeaders);
    response.setHeader('access-control-max-age', rememberedSeconds);
    response.statusCode = 204;
    response.end();
    return true;
  };
}
