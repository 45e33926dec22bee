import { Code, ConnectError } from '@connectrpc/connect';
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { rpcServices } from '@cnap/proto';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '@cnap/proto/google/rpc/error_details';
import { expect, test } from 'vitest';
import { restOperations } from './model/operation.ts';
import { restParam } from './param.ts';
import { problemOf } from './refusal.ts';

const operations = new Map(restOperations(rpcServices).map((operation) => [operation.id, operation]));
const operation = (id: string) => operations.get(id) ?? expect.fail(`there is no operation ${id}`);

function error(code: Code, ...details: ConnectError['details']): ConnectError {
  const made = new ConnectError('what was wrong', code);
  made.details.push(...details);
  return made;
}
const detail = <Desc extends DescMessage>(desc: Desc, value: MessageInitShape<Desc>) =>
  ({ desc, value }) as never;
const info = (reason: string, metadata = {}) =>
  detail(ErrorInfoSchema, { reason, domain: 'x.cnap.tech', metadata });
const violations = (...fields: string[]) =>
  detail(BadRequestSchema, { fieldViolations: fields.map((field) => ({ field, description: 'is wrong' })) });

test.each([
  ['createTemplate', 'sources[0].helm_chart.version', 'sources[0].chart.target_revision'],
  ['createProduct', 'description', 'settings.custom_description'],
  ['createProduct', 'values.a.b', 'values.a.b'],
  ['updateProduct', 'change.image_url', 'settings.custom_image'],
  ['updateProduct', 'change.links[3].url', 'links[3].url'],
  ['createToken', 'expire_time', 'expires_at'],
  ['createToken', 'request_id', 'Idempotency-Key'],
  ['listClusters', 'page_token', 'cursor'],
  ['listClusters', 'page_size', 'limit'],
  ['streamPodLogs', 'tail_lines', 'tail'],
  ['streamPodLogs', 'install_id', 'id'],
  ['createCheckout', 'inputs.title', 'inputs.title'],
  ['createCheckout', 'nobody knows', 'nobody knows'],
])('%s: %s is %s', (id, field, param) => {
  expect(restParam(operation(id), field)).toBe(param);
});

test('a message that begins with a field has its name in REST, too', () => {
  const refused = (message: string) => {
    const made = new ConnectError(message, Code.InvalidArgument);
    made.details.push(violations('page_token'));
    return problemOf(made, operation('listClusters')).error.message;
  };
  expect(refused('page_token: is wrong')).toBe('cursor: is wrong');
  expect(refused('page_tokens: is wrong')).toBe('page_tokens: is wrong');
});

test.each([
  [Code.InvalidArgument, 422, 'invalid_argument'],
  [Code.FailedPrecondition, 409, 'failed_precondition'],
  [Code.AlreadyExists, 409, 'already_exists'],
  [Code.Aborted, 409, 'aborted'],
  [Code.NotFound, 404, 'not_found'],
  [Code.Unauthenticated, 401, 'unauthenticated'],
  [Code.PermissionDenied, 403, 'permission_denied'],
  [Code.ResourceExhausted, 429, 'resource_exhausted'],
  [Code.Unimplemented, 501, 'unimplemented'],
  [Code.Unavailable, 503, 'unavailable'],
  [Code.DeadlineExceeded, 504, 'deadline_exceeded'],
  [Code.Internal, 500, 'internal'],
  [Code.Unknown, 500, 'unknown'],
  [Code.DataLoss, 500, 'data_loss'],
])('code %i is %i %s', (code, status, name) => {
  expect(problemOf(error(code), operation('listClusters'))).toMatchObject({ status, error: { code: name } });
});

test('the first field is the param, all are in the details, beside reason and metadata', () => {
  const wrong = error(
    Code.InvalidArgument,
    info('INVALID_FIELD', { a: 'b' }),
    violations('expire_time', 'name'),
  );
  expect(problemOf(wrong, operation('createToken')).error).toEqual({
    code: 'invalid_argument',
    message: 'what was wrong',
    param: 'expires_at',
    details: {
      reason: 'INVALID_FIELD',
      domain: 'x.cnap.tech',
      metadata: { a: 'b' },
      fields: [
        { param: 'expires_at', message: 'is wrong' },
        { param: 'name', message: 'is wrong' },
      ],
    },
  });
});

test('an id in the path that is none is not found', () => {
  const wrong = error(Code.InvalidArgument, violations('install_id'));
  expect(problemOf(wrong, operation('listPods'))).toMatchObject({
    status: 404,
    error: { code: 'not_found' },
  });
});

test('a status of its own for a state', () => {
  expect(problemOf(error(Code.FailedPrecondition), operation('createKubeconfig')).status).toBe(400);
});

test('the workspace of the header is forbidden, the one of the path not found', () => {
  const unknown = error(Code.NotFound, info('WORKSPACE_NOT_FOUND'));
  expect(problemOf(unknown, operation('listClusters'))).toMatchObject({
    status: 403,
    error: { code: 'permission_denied', suggestion: expect.stringContaining('X-Workspace-Id') },
  });
  for (const id of ['listMembers', 'updateWorkspace', 'getWorkspace', 'createToken']) {
    expect(problemOf(unknown, operation(id)).status).toBe(404);
  }
});

test('how long to wait, rounded up', () => {
  const retry = detail(RetryInfoSchema, { retryDelay: { seconds: 29n, nanos: 1 } });
  expect(problemOf(error(Code.ResourceExhausted, retry), operation('createToken')).headers).toEqual({
    'retry-after': '30',
  });
});
