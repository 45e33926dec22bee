import { getOption } from '@bufbuild/protobuf';
import * as options from '@cnap/proto/cnap/options/v1/options';
import { Code, type ConnectError } from '@connectrpc/connect';
import { codeToString } from '@connectrpc/connect/protocol-connect';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  LocalizedMessageSchema,
  RetryInfoSchema,
} from '@cnap/proto/google/rpc/error_details';
import type { RestOperation } from './model/operation.ts';
import { restParam, type Named } from './param.ts';
import { RestProblem, type RestError } from './problem.ts';

const statuses = new Map<Code, number>([
  [Code.InvalidArgument, 422],
  [Code.OutOfRange, 422],
  [Code.FailedPrecondition, 409],
  [Code.AlreadyExists, 409],
  [Code.Aborted, 409],
  [Code.NotFound, 404],
  [Code.Unauthenticated, 401],
  [Code.PermissionDenied, 403],
  [Code.ResourceExhausted, 429],
  [Code.Unimplemented, 501],
  [Code.Unavailable, 503],
  [Code.DeadlineExceeded, 504],
  [Code.Canceled, 499],
]);

/** What a call is told whose workspace is not one of the caller's. */
export const chooseWorkspace =
  'Send the header X-Workspace-Id with the id of one of your workspaces; GET /v1/workspaces lists them.';

/** What of an operation decides how an error of its service looks. */
export type Refused = Named & Pick<RestOperation, 'pathParameters' | 'failedPreconditionStatus'>;

/** The code of Connect in snake case, as it is in the body. */
const nameOf = (code: Code): string => codeToString(code);

/**
 * What a service's error is over REST: the status of its code, `param` of the first field that is wrong, the reason
 * in `details`.
 */
export function problemOf(error: ConnectError, operation: Refused): RestProblem {
  const info = error.findDetails(ErrorInfoSchema)[0];
  const violations = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  const fields = violations.map(({ field, description }) => ({
    param: restParam(operation, field),
    message: description,
  }));
  const suggestion = error.findDetails(LocalizedMessageSchema)[0]?.message;
  const [first] = fields;
  const body: RestError = {
    code: nameOf(error.code),
    message: renamed(error.rawMessage, violations[0]?.field, first?.param),
    ...(first === undefined || first.param === '' ? {} : { param: first.param }),
    ...(suggestion === undefined ? {} : { suggestion }),
    ...detailsOf(info, fields),
  };
  if (aboutWorkspace(operation, info?.reason))
    return new RestProblem(403, { suggestion: chooseWorkspace, ...body, code: 'permission_denied' });
  if (error.code === Code.InvalidArgument && isOfPath(operation, first?.param)) {
    // What is not even an id is the id of nothing.
    return new RestProblem(404, { ...body, code: 'not_found' });
  }
  return new RestProblem(statusOf(error.code, operation), body, headersOf(error));
}

/** A message that begins with the field's name in the protos begins with its name in REST. */
const renamed = (message: string, field: string | undefined, param: string | undefined): string =>
  field !== undefined && param !== undefined && message.startsWith(`${field}: `)
    ? `${param}${message.slice(field.length)}`
    : message;

/** The workspace of the call is not one of the caller's: forbidden, unless the path names it, where it is not found. */
function aboutWorkspace({ pathParameters, rpc }: Refused, reason: string | undefined): boolean {
  if (reason !== 'WORKSPACE_NOT_FOUND' || getOption(rpc, options.permission) === '') return false;
  return !pathParameters.some(({ workspace }) => workspace);
}

const isOfPath = ({ pathParameters }: Refused, param: string | undefined): boolean =>
  param !== undefined && pathParameters.some(({ name }) => name === param);

function statusOf(code: Code, operation: Refused): number {
  if (code === Code.FailedPrecondition) return operation.failedPreconditionStatus;
  return statuses.get(code) ?? 500;
}

function detailsOf(
  info: { reason: string; domain: string; metadata: Record<string, string> } | undefined,
  fields: { param: string; message: string }[],
): Pick<RestError, 'details'> {
  const details = {
    ...(info === undefined ? {} : { reason: info.reason, domain: info.domain }),
    ...(info === undefined || Object.keys(info.metadata).length === 0 ? {} : { metadata: info.metadata }),
    ...(fields.length > 1 ? { fields } : {}),
  };
  return Object.keys(details).length === 0 ? {} : { details };
}

/** Seconds after which a call that was refused for being one too many may come again, where nobody says it. */
const retryAfterSeconds = 1;

function headersOf(error: ConnectError): Record<string, string> {
  switch (error.code) {
    case Code.Unauthenticated:
      return { 'www-authenticate': 'Bearer realm="CNAP"' };
    case Code.ResourceExhausted:
    case Code.Unavailable: {
      const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
      const said = error.metadata.get('retry-after');
      const seconds =
        delay === undefined
          ? retryAfterSeconds
          : Math.max(1, Number(delay.seconds) + (delay.nanos > 0 ? 1 : 0));
      return { 'retry-after': said ?? String(seconds) };
    }
    default:
      return {};
  }
}
