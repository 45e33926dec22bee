import type { DescField, DescMessage, DescMethod } from '@bufbuild/protobuf';
import type { RestMethod } from '@cnap/proto/cnap/options/v1/options';
import { memberOf, restMessageOf, type RestMember, type RestMessage } from './message.ts';

/** A member of the body and the fields that lead to it. */
export type RestPick = {
  name: string;
  /** The last of `fields`, as a member. */
  member: RestMember;
  /** From the response down: `token`, `id`. */
  fields: readonly DescField[];
};

/** What the body of success is. */
export type RestResponse =
  /** No body. */
  | { kind: 'empty' }
  /** `{"data": […], "pagination": {"cursor": string|null, "has_more": boolean}}`; `pagination` unless `unpaged`. */
  | { kind: 'list'; items: RestMember; nextPageToken: DescField | undefined; unpaged: boolean }
  /** One member of the response is the body. */
  | { kind: 'field'; member: RestMember }
  /** An object of picked members, always all there. */
  | { kind: 'picks'; picks: readonly RestPick[] }
  /** The response itself. */
  | { kind: 'message'; message: RestMessage };

/** A media type beside JSON, and the field of the response that is the body as it is. */
export type RestMedia = { type: string; field: DescField };

/** What an RPC's response becomes. */
export function responseOf(
  rpc: DescMethod,
  responseBody: string,
  option: RestMethod,
): { response: RestResponse; media: RestMedia[]; etag: boolean } {
  const response = bodyOf(rpc, responseBody, option);
  const media = option.media.map(({ type, field }) => ({ type, field: fieldOf(rpc.output, field) }));
  return { response, media, etag: rpc.methodKind === 'unary' && hasEtag(response) };
}

function bodyOf(rpc: DescMethod, responseBody: string, option: RestMethod): RestResponse {
  const { output } = rpc;
  if (option.emptyBody || output.fields.length === 0) return { kind: 'empty' };
  if (option.body.length > 0) {
    return { kind: 'picks', picks: option.body.map((pick) => pickOf(output, pick)) };
  }
  if (responseBody !== '') return { kind: 'field', member: memberOf(fieldOf(output, responseBody)) };
  const [first] = output.fields;
  if (rpc.name.startsWith('List') && first?.fieldKind === 'list') {
    const others = output.fields.slice(1).filter(({ name }) => name !== 'next_page_token');
    if (others.length > 0) throw new Error(`a list has no place for ${others.map(String).join(', ')}`);
    const nextPageToken = output.fields.find(({ name }) => name === 'next_page_token');
    return { kind: 'list', items: memberOf(first), nextPageToken, unpaged: option.unpaged };
  }
  return { kind: 'message', message: restMessageOf(output, output.fields) };
}

function pickOf(output: DescMessage, { from, as }: { from: string; as: string }): RestPick {
  const fields: DescField[] = [];
  let at: DescMessage | undefined = output;
  for (const name of from.split('.')) {
    if (at === undefined) throw new Error(`body: ${from} does not exist`);
    const field = fieldOf(at, name);
    fields.push(field);
    at = field.fieldKind === 'message' ? field.message : undefined;
  }
  const last = fields.at(-1);
  if (last === undefined) throw new Error('body: a member comes from nowhere');
  return { name: as, member: memberOf(last), fields };
}

function fieldOf(message: DescMessage, name: string): DescField {
  const field = message.fields.find((one) => one.name === name);
  if (field === undefined) throw new Error(`${message.typeName} has no field ${name}`);
  return field;
}

const hasEtag = (response: RestResponse): boolean =>
  response.kind === 'field' &&
  response.member.type.kind === 'message' &&
  response.member.type.desc.fields.some(({ name }) => name === 'etag');
