import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { problemText, RestProblem, type Refused } from '@cnap/rest';
import { asProblem } from '../rest/as-problem.ts';

/** The call behind the WebSocket, as far as its errors go. */
export const shellOperation: Refused = {
  rpc: PodService.method.execPod,
  pathParameters: [],
  queryParameters: [],
  body: undefined,
  failedPreconditionStatus: 409,
};

const parameters: Record<string, string> = {
  'start.pod': 'podName',
  'start.container': 'containerName',
  'start.command[0]': 'shell',
};

/** Why there is no shell, with the names that the query has. */
export function shellProblem(thrown: unknown): RestProblem {
  const problem = asProblem(thrown, shellOperation);
  const { param } = problem.error;
  if (param === 'start.install_id') {
    // What is not even an id is the id of nothing.
    const { param: _param, ...error } = problem.error;
    return new RestProblem(404, { ...error, code: 'not_found' });
  }
  const name = param === undefined ? undefined : parameters[param];
  if (name === undefined) return problem;
  return new RestProblem(problem.status, { ...problem.error, param: name }, problem.headers);
}

/** Answers a request for an upgrade with an error instead. */
export function refuseUpgrade(socket: Duplex, problem: RestProblem, requestId: string): void {
  const body = problemText(problem.error);
  const headers = {
    ...problem.headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`,
  );
}
