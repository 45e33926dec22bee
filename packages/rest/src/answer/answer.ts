import type { DescField } from '@bufbuild/protobuf';
import { memberOf, restMessage, type RestMember } from '../model/message.ts';
import type { RestOperation } from '../model/operation.ts';
import type { RestPick, RestResponse } from '../model/response.ts';
import { fieldsReader, messageWriter, objectWriter, slotText } from './message.ts';
import { Wire } from './wire.ts';

/** What a response becomes. */
export type Answer = {
  /** The body as JSON; undefined: none. */
  json: string | undefined;
  /** The header `ETag`; undefined: none. */
  etag: string | undefined;
};

/** Turns a response on the wire into the answer. */
export type WriteAnswer = (bytes: Buffer) => Answer;

/** Compiles what turns the responses of an operation into JSON. */
export function answerWriter(operation: RestOperation): WriteAnswer {
  const { response } = operation;
  if (response.kind === 'empty') return () => ({ json: undefined, etag: undefined });
  if (response.kind === 'field' && operation.etag) return resourceWriter(response.member);
  const write = bodyWriter(response, operation);
  return (bytes) => ({ json: write(bytes), etag: undefined });
}

function bodyWriter(
  response: Exclude<RestResponse, { kind: 'empty' }>,
  { rpc }: RestOperation,
): (bytes: Buffer) => string {
  switch (response.kind) {
    case 'field': {
      const { member } = response;
      const read = fieldsReader([member]);
      return (bytes) => slotText(member, read(new Wire(bytes), bytes.length)[0]);
    }
    case 'list': {
      const page = pageReader(response);
      return (bytes) => {
        const { items, cursor } = page(bytes);
        return response.unpaged ? listText(items) : listText(items, cursor);
      };
    }
    case 'picks':
      return picksWriter(response.picks);
    case 'message': {
      const write = messageWriter(rpc.output);
      return (bytes) => write(new Wire(bytes), bytes.length);
    }
  }
}

/** One page of a List: the JSON of its items with commas between them, and the cursor of the next page as JSON. */
export type Page = { items: string; cursor: string | undefined };

/** Compiles what reads the pages of a List. */
export function pageReader(response: RestResponse & { kind: 'list' }): (bytes: Buffer) => Page {
  const token = response.nextPageToken;
  const fields = [response.items, ...(token === undefined ? [] : [memberOf(token)])];
  const read = fieldsReader(fields);
  return (bytes) => {
    const [items = '', cursor] = read(new Wire(bytes), bytes.length);
    return { items, cursor: cursor === '""' ? undefined : cursor };
  };
}

/** The body of a List; with `cursor` absent from the arguments it has no pagination. */
export function listText(items: string, ...page: [cursor?: string | undefined]): string {
  if (page.length === 0) return `{"data":[${items}]}`;
  const [cursor] = page;
  return `{"data":[${items}],"pagination":{"cursor":${cursor ?? 'null'},"has_more":${cursor !== undefined}}}`;
}

/** A resource with an etag: its JSON string is the header as well, because it needs no escapes. */
function resourceWriter(member: RestMember): WriteAnswer {
  if (member.type.kind !== 'message') throw new Error(`${String(member.field)} is not a resource`);
  const message = restMessage(member.type.desc);
  const etagSlot = message.members.findIndex(({ field }) => field.name === 'etag');
  const read = fieldsReader(message.members);
  const write = objectWriter(message);
  const { number } = member.field;
  return (bytes) => {
    const wire = new Wire(bytes);
    while (wire.pos < wire.end) {
      const tag = wire.uint32();
      if (tag >>> 3 !== number) {
        wire.skip(tag & 7);
        continue;
      }
      const slots = read(wire, wire.chunk());
      return { json: write(slots), etag: slots[etagSlot] };
    }
    return { json: 'null', etag: undefined };
  };
}

function picksWriter(picks: readonly RestPick[]): (bytes: Buffer) => string {
  const readers = picks.map(({ name, member, fields }) => {
    const path = fields.slice(0, -1).map(({ number }) => number);
    const read = fieldsReader([member]);
    return { key: JSON.stringify(name), member: { ...member, required: true }, path, read };
  });
  return (bytes) => {
    const texts = readers.map(({ key, member, path, read }) => {
      const wire = enter(new Wire(bytes), path);
      return `${key}:${slotText(member, wire && read(wire, wire.end)[0])}`;
    });
    return `{${texts.join(',')}}`;
  };
}

/** The message at a path of fields; undefined where one of them is unset. */
function enter(wire: Wire, path: readonly number[]): Wire | undefined {
  let at: Wire | undefined = wire;
  for (const number of path) at = at && find(at, number);
  return at;
}

function find(wire: Wire, number: number): Wire | undefined {
  while (wire.pos < wire.end) {
    const tag = wire.uint32();
    if (tag >>> 3 === number) {
      const end = wire.chunk();
      return new Wire(wire.bytes, wire.pos, end);
    }
    wire.skip(tag & 7);
  }
  return undefined;
}

/** The text or bytes of one field of a response, as they are: other media types, lines of a log. */
export function rawField(field: DescField): (bytes: Buffer) => Buffer {
  return (bytes) => {
    const found = find(new Wire(bytes), field.number);
    return found ? found.bytes.subarray(found.pos, found.end) : Buffer.alloc(0);
  };
}
