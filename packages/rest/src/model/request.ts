import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { memberOf, restMessage, restMessageOf, type RestMember, type RestMessage } from './message.ts';

/** A variable of the path. */
export type RestPathParameter = {
  name: string;
  /** The member of the request that it fills; undefined where it names the workspace of the call only. */
  member: RestMember | undefined;
  /** It names the workspace of the call, in place of the header `X-Workspace-Id`. */
  workspace: boolean;
};

/** A parameter of the query. */
export type RestQueryParameter = {
  /** As in the query; members of groups with their dots. */
  name: string;
  member: RestMember;
  /** `limit` is `page_size` (1–100, default 50) and `cursor` is `page_token` of a List. */
  role: 'limit' | 'cursor' | 'field';
};

/** What is in the body. */
export type RestBody = {
  message: RestMessage;
  /** The field of the request that the body is; undefined: the request itself. */
  field: DescField | undefined;
  /** The field of the request that gets the names of the fields that are present. */
  mask: DescField | undefined;
};

export type RestRequest = {
  path: string;
  pathParameters: RestPathParameter[];
  queryParameters: RestQueryParameter[];
  body: RestBody | undefined;
  idempotencyKey: DescField | undefined;
  ifMatch: DescField | undefined;
};

const pageRoles = new Map([
  ['page_size', { name: 'limit', role: 'limit' as const }],
  ['page_token', { name: 'cursor', role: 'cursor' as const }],
]);

/** How a request is spread over path, query, headers and body. */
export function requestOf(
  input: DescMessage,
  template: string,
  bodyRule: string,
  workspaceVariable: string,
): RestRequest {
  const field = (name: string) => input.fields.find((one) => one.name === name);
  const taken = new Set(['request_id', 'update_mask']);
  const pathParameters: RestPathParameter[] = [];
  const path = template.replaceAll(/\{([^}]*)\}/g, (_, variable: string) => {
    const member = field(variable);
    const workspace = variable === workspaceVariable;
    if (member === undefined && !workspace) throw new Error(`the request has no field ${variable}`);
    taken.add(variable);
    const parameter: RestPathParameter = {
      member: member && memberOf(member),
      name: member ? memberOf(member).path.join('.') : variable,
      workspace,
    };
    pathParameters.push(parameter);
    return `{${parameter.name}}`;
  });
  if (workspaceVariable !== '' && !pathParameters.some(({ workspace }) => workspace)) {
    throw new Error(`the path has no variable ${workspaceVariable}`);
  }
  const ofBody = bodyRule === '' || bodyRule === '*' ? undefined : field(bodyRule);
  if (bodyRule !== '' && bodyRule !== '*') {
    if (ofBody?.fieldKind !== 'message') throw new Error(`body: the request has no message ${bodyRule}`);
    taken.add(bodyRule);
    // Beside a body that is one field it would be a parameter; it is the header.
    taken.add('etag');
  }
  const left = input.fields.filter(({ name }) => !taken.has(name));
  return {
    path,
    pathParameters,
    queryParameters: bodyRule === '*' ? [] : queryOf(input, left),
    body: bodyOf(input, left, bodyRule, ofBody),
    idempotencyKey: field('request_id'),
    ifMatch: field('etag'),
  };
}

function queryOf(input: DescMessage, fields: DescField[]): RestQueryParameter[] {
  return restMessageOf(input, fields).members.map((member) => {
    const page = pageRoles.get(member.field.name);
    return { member, name: page?.name ?? member.path.join('.'), role: page?.role ?? 'field' };
  });
}

function bodyOf(
  input: DescMessage,
  left: DescField[],
  rule: string,
  field: DescField | undefined,
): RestBody | undefined {
  if (rule === '*') return { message: restMessageOf(input, left), field: undefined, mask: undefined };
  if (field?.fieldKind !== 'message') return undefined;
  const mask = input.fields.find(({ name }) => name === 'update_mask');
  return { message: restMessage(field.message), field, mask };
}
