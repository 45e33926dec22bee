import { getOption } from '@bufbuild/protobuf';
import * as options from '@cnap/proto/cnap/options/v1/options';
import type { RestOperation, RestPathParameter, RestQueryParameter } from '@cnap/rest/model';
import { rpcComment } from './comments.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Schemas } from './schema.ts';

type Content = Record<string, { schema: JsonSchema }>;
type Response = { description: string; headers?: object; content?: Content } | { $ref: string };
export type Parameter =
  | { $ref: string }
  | {
      name: string;
      in: 'path' | 'query' | 'header';
      required: boolean;
      description?: string;
      schema: JsonSchema;
    };

/** An operation object of OpenAPI. */
export type OpenApiOperation = {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required: true; content: Content };
  responses: Record<string, Response>;
};

/** The tag of an operation: its service's name, as a plural. */
export const tagOf = ({ rpc }: RestOperation): string =>
  rpc.parent.name
    .replace(/Service$/, 's')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .replace(/ys$/, 'ies');

export function operationObject(operation: RestOperation, schemas: Schemas): OpenApiOperation {
  const { rpc } = operation;
  const { title, text, errors } = rpcComment(`${rpc.parent.typeName}.${rpc.name}`);
  const permission = getOption(rpc, options.permission);
  const isPublic = getOption(rpc, options.access) === options.Access.PUBLIC;
  const parameters = parametersOf(operation, schemas, permission !== '');
  const rpcName = `${rpc.parent.typeName}/${rpc.name}`;
  const words = [
    text,
    permission === '' ? '' : `Permission: \`${permission}\`.`,
    errors.length === 0 ? '' : `Reasons of errors: ${errors.map((reason) => `\`${reason}\``).join(', ')}.`,
    `The RPC is \`${rpcName}\`.`,
  ];
  const { body } = operation;
  return {
    operationId: operation.id,
    tags: [tagOf(operation)],
    summary: operation.summary || title,
    description: words.filter((each) => each !== '').join('\n\n'),
    security: isPublic ? [{}, { BearerAuth: [] }] : [{ BearerAuth: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? {
          requestBody: {
            required: true as const,
            content: { 'application/json': { schema: bodySchema(operation, schemas) } },
          },
        }
      : {}),
    responses: responsesOf(operation, schemas, { isPublic, inWorkspace: permission !== '' }),
  };
}

/** The body of a request has a name of its own, though path and headers take some of the message's fields. */
function bodySchema({ body, rpc }: RestOperation, schemas: Schemas): JsonSchema {
  if (!body) return {};
  const name = `${rpc.name}Body`;
  const schema = schemas.objectOf(body.message, 'request');
  // What is changed is what is there: nothing of it has to be.
  schemas.components.set(name, { ...schema, description: `Body of ${rpc.name}.` });
  return { $ref: `#/components/schemas/${name}` };
}

function parametersOf(operation: RestOperation, schemas: Schemas, inWorkspace: boolean): Parameter[] {
  const named = operation.pathParameters.some(({ workspace }) => workspace);
  return [
    ...operation.pathParameters.map((parameter) => pathParameter(parameter, schemas)),
    ...operation.queryParameters.map((parameter) => queryParameter(parameter, schemas)),
    ...(inWorkspace && !named ? [{ $ref: '#/components/parameters/WorkspaceId' }] : []),
    ...(operation.idempotencyKey ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ...(operation.ifMatch ? [{ $ref: '#/components/parameters/IfMatch' }] : []),
  ];
}

function pathParameter({ name, member }: RestPathParameter, schemas: Schemas): Parameter {
  const schema: JsonSchema = member ? schemas.memberOf(member, 'request') : { type: 'string' };
  return described(name, 'path', true, schema);
}

function queryParameter({ name, member, role }: RestQueryParameter, schemas: Schemas): Parameter {
  if (role === 'limit') return { $ref: '#/components/parameters/Limit' };
  if (role === 'cursor') return { $ref: '#/components/parameters/Cursor' };
  return described(name, 'query', false, schemas.memberOf(member, 'request'));
}

function described(
  name: string,
  place: 'path' | 'query',
  required: boolean,
  { description = '', ...schema }: JsonSchema,
): Parameter {
  return { name, in: place, required, ...(description === '' ? {} : { description }), schema };
}

function responsesOf(
  operation: RestOperation,
  schemas: Schemas,
  { isPublic, inWorkspace }: { isPublic: boolean; inWorkspace: boolean },
): Record<string, Response> {
  const { status, body, readOnly, pathParameters, queryParameters } = operation;
  const error = (name: string): Response => ({ $ref: `#/components/responses/${name}` });
  const takesInput = body !== undefined || queryParameters.length > 0 || pathParameters.length > 0;
  return {
    [String(status)]: success(operation, schemas),
    ...(takesInput ? { '400': error('BadRequest') } : {}),
    ...(isPublic ? {} : { '401': error('Unauthorized') }),
    ...(inWorkspace || !isPublic ? { '403': error('Forbidden') } : {}),
    ...(pathParameters.length > 0 || body ? { '404': error('NotFound') } : {}),
    ...(readOnly ? {} : { '409': error('Conflict') }),
    ...(takesInput ? { '422': error('Unprocessable') } : {}),
    '429': error('TooManyRequests'),
    default: error('Failure'),
  };
}

function success(operation: RestOperation, schemas: Schemas): Response {
  const content = contentOf(operation, schemas);
  const description = operation.stream
    ? operation.stream.kind === 'bytes'
      ? 'The download.'
      : 'Server-Sent Events, until the client goes or there is nothing more to tell.'
    : operation.status === 202
      ? 'Accepted: the work goes on after the answer.'
      : 'Done.';
  const headers = operation.etag
    ? {
        headers: {
          ETag: { description: 'Version of the resource, for If-Match.', schema: { type: 'string' } },
        },
      }
    : {};
  return { description, ...headers, ...(content ? { content } : {}) };
}

function contentOf(operation: RestOperation, schemas: Schemas): Content | undefined {
  const { response, media, stream } = operation;
  if (stream?.kind === 'bytes') return { [stream.type]: { schema: { type: 'string', format: 'binary' } } };
  if (stream?.kind === 'text') {
    return {
      'text/event-stream': { schema: { type: 'string', description: 'Each `data:` is one line of text.' } },
    };
  }
  if (response.kind === 'empty') return undefined;
  const schema = answerSchema(operation, schemas);
  if (stream) {
    const name = schema.$ref?.split('/').at(-1);
    const description =
      name === undefined ? 'Each `data:` is one JSON.' : `Each \`data:\` is one \`${name}\`, as JSON.`;
    return { 'text/event-stream': { schema: { type: 'string', description } } };
  }
  return {
    'application/json': { schema },
    ...Object.fromEntries(media.map(({ type }) => [type, { schema: { type: 'string' } }])),
  };
}

function answerSchema({ response, rpc }: RestOperation, schemas: Schemas): JsonSchema {
  switch (response.kind) {
    case 'empty':
      return {};
    case 'field':
      return schemas.memberOf(response.member, 'answer');
    case 'message':
      return schemas.objectOf(response.message, 'answer');
    case 'picks':
      return {
        type: 'object',
        properties: Object.fromEntries(
          response.picks.map(({ name, member }) => [name, schemas.memberOf(member, 'answer')]),
        ),
        required: response.picks.map(({ name }) => name),
      };
    case 'list': {
      const { items = {} } = schemas.memberOf(response.items, 'answer');
      const { type } = response.items;
      const of = type.kind === 'array' ? type.of : type;
      const name = of.kind === 'message' ? `${of.desc.name}List` : `${rpc.name.replace(/^List/, '')}List`;
      schemas.components.set(name, {
        type: 'object',
        properties: {
          data: { type: 'array', items, description: 'What is on the page.' },
          ...(response.unpaged ? {} : { pagination: { $ref: '#/components/schemas/Pagination' } }),
        },
        required: response.unpaged ? ['data'] : ['data', 'pagination'],
        description: 'A page of the list.',
      });
      return { $ref: `#/components/schemas/${name}` };
    }
  }
}
