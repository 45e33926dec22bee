import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { DescField } from '@bufbuild/protobuf';
import type { RestOperation } from '../model/operation.ts';
import type { RestQueryParameter } from '../model/request.ts';
import { invalid } from '../problem.ts';
import { objectReader } from './object.ts';
import { parseQuery, valueOfText } from './query.ts';
import { isObject, valueWriter, type WriteValue } from './value.ts';

/** What a client sent, as far as the request is made of it. */
export type RestInput = {
  /** The variables of the path in their order, decoded. */
  variables: readonly string[];
  /** Without its "?". */
  query: string;
  /** Parsed; undefined: there is none. */
  body: unknown;
  idempotencyKey: string | undefined;
  ifMatch: string | undefined;
};

/** Makes the request on the wire; throws RestProblem 422 when it is not valid. */
export type WriteRequest = (input: RestInput) => Uint8Array;

const maxIdempotencyKey = 256;
const maxLimit = 100;

/**
 * Compiles what asks for the pages of a list one after the other: it adds the size and the cursor (JSON text, as the
 * page before had it) to a request.
 */
export function pagesWriter({
  rpc,
}: RestOperation): (message: Uint8Array, cursor: string | undefined) => Uint8Array {
  const field = (name: string) => rpc.input.fields.find((one) => one.name === name);
  const [size, token] = [field('page_size'), field('page_token')];
  return (message, cursor) => {
    const writer = new BinaryWriter().raw(message);
    if (size !== undefined) writer.tag(size.number, WireType.Varint).int32(maxLimit);
    if (token !== undefined && cursor !== undefined) writeText(writer, token, JSON.parse(cursor) as string);
    return writer.finish();
  };
}

/** Compiles what makes the requests of an operation. */
export function requestWriter(operation: RestOperation): WriteRequest {
  const path = operation.pathParameters.map(({ name, member }) =>
    member === undefined
      ? undefined
      : { name, type: member.type, write: scalarWriter(member.field, member.type) },
  );
  const writeQuery = queryWriter(operation.queryParameters);
  const writeBody = bodyWriter(operation);
  const { idempotencyKey, ifMatch } = operation;
  return (input) => {
    const writer = new BinaryWriter();
    path.forEach((parameter, index) => {
      if (parameter === undefined) return;
      const { name, type, write } = parameter;
      write(writer, valueOfText(type, input.variables[index] ?? '', name), name);
    });
    writeQuery(writer, input.query);
    writeBody(writer, input.body);
    if (idempotencyKey !== undefined && input.idempotencyKey !== undefined) {
      writeText(writer, idempotencyKey, keyIn(input.idempotencyKey));
    }
    if (ifMatch !== undefined && input.ifMatch !== undefined) {
      const etag = etagIn(input.ifMatch);
      const inBody = isObject(input.body) ? input.body['etag'] : undefined;
      if (inBody !== undefined && inBody !== etag) throw invalid('etag', 'differs from the header If-Match');
      writeText(writer, ifMatch, etag);
    }
    return writer.finish();
  };
}

const writeText = (writer: BinaryWriter, field: DescField, text: string): void =>
  void writer.tag(field.number, WireType.LengthDelimited).string(text);

function keyIn(header: string): string {
  if (header.length > 0 && header.length <= maxIdempotencyKey) return header;
  throw invalid('Idempotency-Key', `must have 1–${maxIdempotencyKey} characters`);
}

/** `"7"`, or `W/"7"` as proxies make of it; `*` asks for nothing that a request of ours does not. */
function etagIn(header: string): string {
  if (header.trim() === '*') return '';
  const quoted = /^\s*(?:W\/)?"([^"]*)"\s*$/.exec(header)?.[1];
  if (quoted === undefined) throw invalid('If-Match', 'must be one entity tag, such as "7"');
  return quoted;
}

function scalarWriter(field: DescField, type: Parameters<typeof valueWriter>[1]): WriteValue {
  return valueWriter(field, type, () => {
    throw new Error(`${String(field)} is a message, which cannot be in a path or a query`);
  });
}

function queryWriter(parameters: readonly RestQueryParameter[]) {
  const known = new Set(parameters.map(({ name }) => name));
  const writers = parameters.map((parameter) => {
    const { type } = parameter.member;
    const item = type.kind === 'array' ? type.of : type;
    return {
      ...parameter,
      item,
      many: type.kind === 'array',
      write: scalarWriter(parameter.member.field, type),
    };
  });
  return (writer: BinaryWriter, query: string): void => {
    const given = parseQuery(query, known);
    for (const { name, member, role, item, many, write } of writers) {
      const texts =
        given.get(name)?.filter((text) => !(member.nullable && (text === '' || text === 'null'))) ?? [];
      if (texts.length > 1 && !many) throw invalid(name, 'comes more than once');
      const values = texts.map((text) => valueOfText(item, text, name));
      const [value] = values;
      if (role === 'limit' && values.length > 0) checkLimit(value, name);
      if (many && values.length > 0) write(writer, values, name);
      else if (value !== undefined) write(writer, value, name);
      else if (member.mandatory) throw invalid(name, 'is required');
      else if (member.default !== undefined) write(writer, member.default, name);
    }
  };
}

function checkLimit(value: unknown, name: string): void {
  if (typeof value === 'number' && value >= 1 && value <= maxLimit) return;
  throw invalid(name, `must be 1–${maxLimit}`);
}

function bodyWriter({ body }: RestOperation): (writer: BinaryWriter, value: unknown) => void {
  if (body === undefined) return () => undefined;
  const write = objectReader(body.message);
  const { field, mask } = body;
  if (field === undefined) return (writer, value) => write(writer, value ?? {}, '');
  if (mask === undefined) {
    return (writer, value) => {
      writer.tag(field.number, WireType.LengthDelimited).fork();
      write(writer, value ?? {}, '');
      writer.join();
    };
  }
  return (writer, value) => {
    const names = new Set<string>();
    writer.tag(field.number, WireType.LengthDelimited).fork();
    write(writer, value ?? {}, '', { present: ({ name }) => names.add(name), nullClears: true });
    writer.join().tag(mask.number, WireType.LengthDelimited).fork();
    for (const name of names) writer.tag(1, WireType.LengthDelimited).string(name);
    writer.join();
  };
}
