import type { DescService } from '@bufbuild/protobuf';
import { restOperations } from '@cnap/rest/model';
import { paragraphOf } from './comments.ts';
import type { JsonSchema } from './json-schema.ts';
import { operationObject, tagOf, type OpenApiOperation, type Parameter } from './operation.ts';
import { createSchemas } from './schema.ts';

/** An OpenAPI 3.1 document. */
export type OpenApiDocument = {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: {
    schemas: Record<string, JsonSchema>;
    parameters: Record<string, Parameter>;
    responses: Record<string, { description: string; headers?: object; content: object }>;
    securitySchemes: Record<string, object>;
  };
};

const introduction = `The public API of CNAP. The same operations are there as gRPC, gRPC-Web and Connect on the same port.

**Signing in.** \`Authorization: Bearer …\` with a personal access token (\`cnap_pat_…\`) or a session's token. Command-line
tools get one by the device flow of RFC 8628: \`POST /api/auth/device/code\` and \`POST /api/auth/device/token\`.

**Workspace.** What belongs to a workspace is asked for with \`X-Workspace-Id\`. It is not needed with a token that is
restricted to a workspace, or by somebody who is a member of one only.

**Lists** come in pages: \`limit\` and \`cursor\`; an answer's \`pagination.cursor\` leads to the next.

**Repeating.** A request that makes something takes \`Idempotency-Key\`: the same key gives the first answer again.

**Shells.** \`GET /api/exec/installs/{id}/shell?podName=&containerName=&shell=\` is a WebSocket into a container, with the
same headers. Text frames of JSON: to it \`{"type": "input", "data"}\` and \`{"type": "resize", "cols", "rows"}\`, from it
\`{"type": "output", "data"}\`, \`{"type": "error", "message"}\` and \`{"type": "close"}\`. Whoever may not have one is answered
with a status and an error as below.

**Errors** are \`{"error": {"code", "message", "param", "suggestion", "details"}}\`; \`details.reason\` is for programs.`;

const errors: [name: string, description: string][] = [
  ['BadRequest', 'The request cannot be read.'],
  ['Unauthorized', 'There is no credential, or it is not valid any more.'],
  ['Forbidden', 'The workspace is missing or not yours, or your role does not allow it.'],
  ['NotFound', 'There is no such thing, or none that you may see.'],
  ['Conflict', 'It is not possible as things are; the message says why.'],
  ['Unprocessable', 'A member, parameter or header is not valid; `param` names it.'],
  ['TooManyRequests', 'Too often; `Retry-After` says when to try again.'],
  ['Failure', 'Anything else, such as a part of the platform that does not answer.'],
];

/** The document of all public operations, as they are at a public URL. */
export function openApiDocument(
  services: Record<string, readonly DescService[]>,
  { url, version }: { url: string; version: string },
): OpenApiDocument {
  const operations = restOperations(services);
  const schemas = createSchemas();
  const paths: OpenApiDocument['paths'] = {};
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {});
    path[operation.method.toLowerCase()] = operationObject(operation, schemas);
  }
  const tags = new Map(
    operations.map((operation) => [tagOf(operation), paragraphOf(operation.rpc.parent.typeName)]),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'CNAP API', version, description: introduction },
    servers: [{ url }],
    tags: [...tags].map(([name, description]) => ({ name, description })),
    paths: sorted(paths),
    components: {
      schemas: sorted({ ...Object.fromEntries(schemas.components), ...fixedSchemas }),
      parameters,
      responses: Object.fromEntries(
        errors.map(([name, description]) => [name, errorResponse(name, description)]),
      ),
      securitySchemes: {
        BearerAuth: {
          type: 'http',
          scheme: 'bearer',
          description: 'A personal access token (`cnap_pat_…`), or a session’s token.',
        },
      },
    },
  };
}

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const errorResponse = (name: string, description: string) => ({
  description,
  ...(name === 'TooManyRequests'
    ? { headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } } }
    : {}),
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});

const parameters: Record<string, Parameter> = {
  Limit: {
    name: 'limit',
    in: 'query',
    required: false,
    description: 'Items per page.',
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 50, examples: [50] },
  },
  Cursor: {
    name: 'cursor',
    in: 'query',
    required: false,
    description: '`pagination.cursor` of the page before.',
    schema: { type: 'string', maxLength: 512 },
  },
  WorkspaceId: {
    name: 'X-Workspace-Id',
    in: 'header',
    required: false,
    description: 'The workspace; see above when it is not needed.',
    schema: { type: 'string', examples: ['ws_01k9xq3v8sfd4r7c2m5n6p8t9w'] },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Makes the request repeatable for 7 days: the same key gives the first answer, another request with it is refused.',
    schema: { type: 'string', minLength: 1, maxLength: 256, examples: ['deploy-2026-11-21'] },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The `ETag` of the resource as it was read: when it has changed since, the answer is 409.',
    schema: { type: 'string', maxLength: 70, examples: ['"3"'] },
  },
};

const fixedSchemas: Record<string, JsonSchema> = {
  Pagination: {
    type: 'object',
    description: 'Where the next page is.',
    properties: {
      cursor: {
        type: ['string', 'null'],
        description: 'For the query’s `cursor`; null: there is no more.',
        examples: [null],
      },
      has_more: { type: 'boolean', description: 'Whether there is more.', examples: [false] },
    },
    required: ['cursor', 'has_more'],
  },
  Error: {
    type: 'object',
    description: 'Why a request was not done.',
    properties: {
      error: {
        type: 'object',
        properties: {
          code: { type: 'string', description: 'What kind of error.', examples: ['not_found'] },
          message: { type: 'string', description: 'For people.', examples: ['There is no such cluster.'] },
          param: {
            type: 'string',
            description: 'The member, parameter or header that is wrong.',
            examples: ['name'],
          },
          suggestion: { type: 'string', description: 'What to do.', examples: ['List the clusters.'] },
          details: {
            type: 'object',
            additionalProperties: true,
            description: '`reason`, for programs, and what belongs to it.',
            examples: [{ reason: 'CLUSTER_NOT_FOUND' }],
          },
        },
        required: ['code', 'message'],
      },
    },
    required: ['error'],
  },
};
