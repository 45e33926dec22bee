import {
  answerWriter,
  createRouter,
  pageReader,
  pagesWriter,
  rawField,
  requestWriter,
  restOperations,
  type Answer,
  type RestOperation,
  type Routed,
  type WriteRequest,
} from '@cnap/rest';
import { rpcServices } from '@cnap/proto';
import { accessRuleOf } from '@cnap/rpc';
import { download } from './download.ts';
import { events } from './events.ts';
import type { StreamForm } from './stream.ts';

/** An operation with what was compiled for it. */
export type Compiled = {
  operation: RestOperation;
  writeRequest: WriteRequest;
  writeAnswer: (bytes: Buffer) => Answer;
  /** How it is sent when it is a stream. */
  form: StreamForm | undefined;
  /** Media types of the answer, the usual one first. */
  types: readonly string[];
  /** The body in a media type that is not JSON. */
  raw: ReadonlyMap<string, (bytes: Buffer) => Buffer>;
  /** All pages at once, for lists without pages. */
  pages: { read: ReturnType<typeof pageReader>; write: ReturnType<typeof pagesWriter> } | undefined;
  /** Whether a call without a credential is for the service to judge. */
  isPublic: boolean;
  /** Whether it is about a workspace. */
  needsWorkspace: boolean;
};

/** Routes requests to operations; each is compiled when it is first called. */
export function createOperations() {
  const route = createRouter(restOperations(rpcServices));
  const compiled = new Map<RestOperation, Compiled>();
  return {
    route: (method: string, path: string): Routed => route(method, path),
    compiledOf(operation: RestOperation): Compiled {
      const known = compiled.get(operation);
      if (known) return known;
      const made = compile(operation);
      compiled.set(operation, made);
      return made;
    },
  };
}

function compile(operation: RestOperation): Compiled {
  const { response, media } = operation;
  const rule = accessRuleOf(operation.rpc);
  return {
    operation,
    writeRequest: requestWriter(operation),
    writeAnswer: operation.stream ? () => ({ json: undefined, etag: undefined }) : answerWriter(operation),
    form: operation.stream && (operation.stream.kind === 'bytes' ? download(operation) : events(operation)),
    types: ['application/json', ...media.map(({ type }) => type)],
    raw: new Map(media.map(({ type, field }) => [type, rawField(field)])),
    pages:
      response.kind === 'list' && response.unpaged
        ? { read: pageReader(response), write: pagesWriter(operation) }
        : undefined,
    isPublic: rule?.access === 'public',
    needsWorkspace: rule?.access === 'permission',
  };
}
