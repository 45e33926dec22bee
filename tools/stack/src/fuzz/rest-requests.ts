// Makes a request of any REST operation from a request of its RPC.
import type { DescField } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { restMessage, type RestMember, type RestOperation } from '@cnap/rest/model';
import { requestOf } from './requests.ts';

export type RestRequest = { path: string; query: URLSearchParams; body: Json | undefined };
type Json = { [name: string]: unknown };
type Value = { get(field: DescField): unknown; isSet(field: DescField): boolean };

/** A valid request whose ids are all `idOf` their prefix. */
export function restRequestOf(
  operation: RestOperation,
  idOf: (prefix: string) => string,
  workspaceId: string,
): RestRequest {
  const message = reflect(operation.rpc.input, requestOf(operation.rpc.input, idOf));
  let { path } = operation;
  for (const { name, member } of operation.pathParameters) {
    const value = member === undefined ? workspaceId : String(message.get(member.field));
    path = path.replace(`{${name}}`, encodeURIComponent(value));
  }
  const query = new URLSearchParams();
  for (const { name, member, role } of operation.queryParameters) {
    if (role === 'field' && message.isSet(member.field)) query.set(name, String(jsonOf(message, member)));
  }
  const { body } = operation;
  if (body === undefined) return { path, query, body: undefined };
  const target = body.field === undefined ? message : (message.get(body.field) as ReflectMessage);
  return { path, query, body: membersOf(body.message.members, target) };
}

function membersOf(members: readonly RestMember[], message: Value): Json {
  const made: Json = {};
  for (const member of members) {
    if (!message.isSet(member.field) && !member.mandatory) continue;
    let place = made;
    for (const key of member.path.slice(0, -1)) place = (place[key] ??= {}) as Json;
    place[member.path.at(-1) ?? member.name] = jsonOf(message, member);
  }
  return made;
}

function jsonOf(message: Value, member: RestMember): unknown {
  return plain(member.type, message.get(member.field));
}

function plain(type: RestMember['type'], value: unknown): unknown {
  switch (type.kind) {
    case 'enum':
      return type.values.find(({ number }) => number === value)?.name ?? type.values[0]?.name;
    case 'array':
      return [...(value as Iterable<unknown>)].map((item) => plain(type.of, item));
    case 'message':
      return membersOf(restMessage(type.desc).members, value as ReflectMessage);
    case 'json-object':
    case 'map':
      return {};
    case 'unix-seconds':
      return 4_102_444_800;
    case 'integer':
      return Number(value);
    default:
      return value;
  }
}
