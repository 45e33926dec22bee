import { getOption, hasOption, type DescField, type DescMethod, type DescService } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import * as options from '@cnap/proto/cnap/options/v1/options';
import { http, type HttpRule } from './http-rule.ts';
import { requestOf, type RestBody, type RestPathParameter, type RestQueryParameter } from './request.ts';
import { responseOf, type RestMedia, type RestResponse } from './response.ts';

/** The methods of HTTP that operations have. */
export type RestVerb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** An RPC as an operation of the REST API. */
export type RestOperation = {
  /** Unique, such as `listClusters`. */
  id: string;
  method: RestVerb;
  /** Template with the parameters' REST names: `/v1/installs/{id}/logs`. */
  path: string;
  rpc: DescMethod;
  /** The program that serves it: `installer`. */
  service: string;
  /** In the order of the path. */
  pathParameters: readonly RestPathParameter[];
  queryParameters: readonly RestQueryParameter[];
  /** Undefined: it takes none. */
  body: RestBody | undefined;
  /** The header `Idempotency-Key` is taken, as the field `request_id`. */
  idempotencyKey: DescField | undefined;
  /** The header `If-Match` is taken, as the field `etag`. */
  ifMatch: DescField | undefined;
  /** The status of success. */
  status: number;
  response: RestResponse;
  /** Media types beside JSON. */
  media: readonly RestMedia[];
  /** The answer has the header `ETag`, made of the body's field `etag`. */
  etag: boolean;
  /**
   * The answer is Server-Sent Events: `json`, each a `response`; `text`, each the text of a field. Or it is a download of
   * a media type: the bytes of a field, one after the other.
   */
  stream: { kind: 'json' } | { kind: 'text'; field: DescField } | ({ kind: 'bytes' } & RestMedia) | undefined;
  /** It changes nothing. */
  readOnly: boolean;
  /** Status of FAILED_PRECONDITION. */
  failedPreconditionStatus: number;
  /** A title in one line; empty: the first sentence of the RPC's comment. */
  summary: string;
};

/**
 * The operations of all public RPCs that have a `google.api.http` rule, by the programs that serve them
 * (`rpcServices` of `@cnap/proto`).
 * @throws Error naming the RPC when its rule or its options make no sense
 */
export function restOperations(services: Record<string, readonly DescService[]>): RestOperation[] {
  return Object.entries(services).flatMap(([service, descriptors]) =>
    descriptors
      .flatMap((descriptor) => descriptor.methods)
      .filter((rpc) => getOption(rpc, options.exposure) !== options.Exposure.INTERNAL && hasOption(rpc, http))
      .map((rpc) => {
        try {
          return operationOf(service, rpc, getOption(rpc, http));
        } catch (cause) {
          const why = cause instanceof Error ? cause.message : String(cause);
          throw new Error(`${rpc.parent.typeName}/${rpc.name} over REST: ${why}`, { cause });
        }
      }),
  );
}

function operationOf(service: string, rpc: DescMethod, rule: HttpRule): RestOperation {
  const option = getOption(rpc, options.rest_method);
  const { case: verb, value: template } = rule.pattern;
  if (verb === undefined || verb === 'custom') throw new Error('the rule has no method that REST uses');
  if (rpc.methodKind !== 'unary' && rpc.methodKind !== 'server_streaming') {
    throw new Error(`${rpc.methodKind} is not possible`);
  }
  const request = requestOf(rpc.input, template, rule.body, option.workspace);
  const { response, media, etag } = responseOf(rpc, rule.responseBody, option);
  const unpaged = response.kind === 'list' && response.unpaged;
  return {
    id: rpc.localName,
    method: verb.toUpperCase() as RestVerb,
    rpc,
    service,
    ...request,
    queryParameters: request.queryParameters.filter(({ role }) => role === 'field' || !unpaged),
    status: option.status === 0 ? conventionalStatus(rpc, response) : option.status,
    response,
    media,
    etag,
    stream: streamOf(rpc, option),
    readOnly: rpc.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    failedPreconditionStatus: option.failedPreconditionStatus === 0 ? 409 : option.failedPreconditionStatus,
    summary: option.summary,
  };
}

function conventionalStatus(rpc: DescMethod, response: RestResponse): number {
  if (response.kind === 'empty') return 204;
  return rpc.name.startsWith('Create') ? 201 : 200;
}

function streamOf(rpc: DescMethod, { eventText, streamMedia }: options.RestMethod): RestOperation['stream'] {
  if (rpc.methodKind !== 'server_streaming') return undefined;
  const fieldOf = (option: string, of: string): DescField => {
    const field = rpc.output.fields.find(({ name }) => name === of);
    if (field === undefined) throw new Error(`${option}: the response has no field ${of}`);
    return field;
  };
  if (streamMedia) {
    return { kind: 'bytes', type: streamMedia.type, field: fieldOf('stream_media', streamMedia.field) };
  }
  return eventText === '' ? { kind: 'json' } : { kind: 'text', field: fieldOf('event_text', eventText) };
}
