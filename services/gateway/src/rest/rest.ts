import { problemText, RestProblem, type RestOperation } from '@cnap/rest';
import { endUnreadBody, requestIdFrom, type HttpRequest, type HttpResponse } from '@cnap/rpc';
import { counter, histogram, startSpan, withTrace, type Logger } from '@cnap/telemetry';
import { answerOperation, type AnswerDeps } from './answer.ts';
import { asProblem } from './as-problem.ts';
import { createOperations } from './operations.ts';

const calls = counter('cnap.gateway.rest_calls');
const durations = histogram('cnap.gateway.rest_duration_ms');

/** Where the REST API begins. */
const root = '/v1/';

/** Serves the REST API: answers whether a request was for it. */
export function createRest(deps: AnswerDeps): (request: HttpRequest, response: HttpResponse) => boolean {
  const operations = createOperations();
  return (request, response) => {
    const [path = '/', query = ''] = splitOnce(request.url ?? '/', '?');
    if (!path.startsWith(root) && path !== '/v1') return false;
    const requestId = requestIdFrom(request);
    response.setHeader('x-request-id', requestId);
    endUnreadBody(request, response);
    const routed = operations.route(request.method ?? '', path);
    if (routed.kind === 'other-method') {
      response.setHeader('allow', [...routed.allow, 'OPTIONS'].join(', '));
      if (request.method === 'OPTIONS') {
        response.statusCode = 204;
        response.end();
      } else refuse(response, methodNotAllowed(request.method ?? '', routed.allow));
      return true;
    }
    if (routed.kind === 'unknown') {
      refuse(response, unknownPath());
      return true;
    }
    const { operation, variables } = routed;
    const compiled = operations.compiledOf(operation);
    if (operation.stream === undefined) {
      deps.open.keep(response, 'unary', (error) => refuse(response, asProblem(error, operation)));
    }
    observed(request, response, operation, requestId, deps.logger, (traceparent) =>
      answerOperation(request, response, { compiled, variables, query, requestId, traceparent }, deps),
    );
    return true;
  };
}

function observed(
  request: HttpRequest,
  response: HttpResponse,
  operation: RestOperation,
  requestId: string,
  logger: Logger,
  work: (traceparent: string) => Promise<void>,
): void {
  const { traceparent } = request.headers;
  const { id } = operation;
  const span = startSpan(
    `${operation.method} ${operation.path}`,
    { 'http.route': operation.path, 'rpc.method': operation.rpc.name },
    { kind: 'server', ...(typeof traceparent === 'string' ? { parent: traceparent } : {}) },
  );
  const startedAt = performance.now();
  let refused: RestProblem | undefined;
  response.once('close', () => {
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
    const outcome = String(response.statusCode);
    calls.add(1, { operation: id, outcome });
    durations.record(durationMs, { operation: id, outcome });
    span.end(refused ? { error: refused } : {});
    const reason = refused?.error.details?.['reason'];
    const fields = {
      operation: id,
      outcome,
      durationMs,
      requestId,
      ...(reason === undefined ? {} : { reason }),
    };
    const level = operation.readOnly && response.statusCode < 400 ? 'debug' : 'info';
    withTrace(span.traceparent, () => logger[level](fields, 'rest'));
  });
  withTrace(span.traceparent, async () => {
    try {
      await work(span.traceparent);
    } catch (error) {
      refused = asProblem(error, operation);
      if (refused.status === 500) logger.error({ err: error, operation: id, requestId }, 'could not answer');
      refuse(response, refused);
    }
  }).catch((error: unknown) => {
    // The caller left while it was being refused.
    logger.debug({ err: error, operation: id, requestId }, 'the caller is gone');
    response.destroy();
  });
}

/** Answers with an error, unless an answer has begun or nobody is there to read it. */
function refuse(response: HttpResponse, { status, error, headers }: RestProblem): void {
  if (response.headersSent || response.destroyed) return;
  const text = problemText(error);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', Buffer.byteLength(text));
  response.end(text);
}

const unknownPath = (): RestProblem =>
  new RestProblem(404, {
    code: 'not_found',
    message: 'There is no such path.',
    suggestion: 'GET /v1/openapi.json describes every operation.',
    details: { reason: 'PATH_NOT_FOUND' },
  });

const methodNotAllowed = (method: string, allow: readonly string[]): RestProblem =>
  new RestProblem(405, {
    code: 'method_not_allowed',
    message: `${method.slice(0, 20)} is not possible here.`,
    suggestion: `Possible: ${allow.join(', ')}.`,
    details: { reason: 'METHOD_NOT_ALLOWED' },
  });

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
