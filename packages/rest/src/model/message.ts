import { getOption, type DescField, type DescMessage } from '@bufbuild/protobuf';
import * as options from '@cnap/proto/cnap/options/v1/options';
import { restType, type RestType } from './type.ts';

/** A field as a member of a JSON object. */
export type RestMember = {
  kind: 'member';
  /** Its key in the object it is in. */
  name: string;
  /** The keys from the message's object down to it: more than one where `rest_field.name` has dots. */
  path: readonly string[];
  field: DescField;
  type: RestType;
  /** In answers: null where it is unset. In requests: null means absent. */
  nullable: boolean;
  /** In answers: always there. */
  required: boolean;
  /** In requests: must be there, whatever its limits say. */
  mandatory: boolean;
  /** In requests: what an absent one means; undefined: the field's zero value. */
  default: unknown;
  /** An example; undefined: none. */
  example: unknown;
};

/** An object that stands for no message of its own: it holds members whose names have dots. Always there in answers. */
export type RestGroup = {
  kind: 'group';
  name: string;
  path: readonly string[];
  properties: RestProperty[];
};

export type RestProperty = RestMember | RestGroup;

/** A message as a JSON object. */
export type RestMessage = {
  desc: DescMessage;
  /** What is in the object, in the order of the proto. */
  properties: readonly RestProperty[];
  /** The members of the object and of its groups. */
  members: readonly RestMember[];
};

const known = new WeakMap<DescMessage, RestMessage>();

/**
 * The REST view of a message. Fields with `rest_field.hidden` are not in it; the members of a oneof are members
 * of the object.
 * @throws Error when two fields have one name
 */
export function restMessage(desc: DescMessage): RestMessage {
  const done = known.get(desc);
  if (done) return done;
  const message = restMessageOf(desc, desc.fields);
  known.set(desc, message);
  return message;
}

/** The REST view of some fields of a message. */
export function restMessageOf(desc: DescMessage, fields: readonly DescField[]): RestMessage {
  const members = fields
    .filter((field) => !getOption(field, options.rest_field).hidden)
    .map((field) => memberOf(field));
  const properties: RestProperty[] = [];
  for (const member of members) place(properties, member, desc);
  return { desc, properties, members };
}

/** The member that a field is. */
export function memberOf(field: DescField): RestMember {
  const option = getOption(field, options.rest_field);
  const type = restType(field);
  const path = (option.name === '' ? conventionalName(field, type) : option.name).split('.');
  const scalar = type.kind !== 'message' && type.kind !== 'enum' && field.presence === implicitPresence;
  return {
    kind: 'member',
    name: path.at(-1) ?? field.name,
    path,
    field,
    type,
    nullable: option.nullable,
    // Whatever is stored has been made at some time.
    required: option.required || option.nullable || scalar || field.name === 'create_time',
    mandatory: option.mandatory,
    default: jsonOf(option.default, field),
    example: jsonOf(option.example, field),
  };
}

/** `FeatureSet.FieldPresence.IMPLICIT`: scalars of proto3, lists and maps. */
const implicitPresence = 2;

const participles: Record<string, string> = { create_time: 'created_at', update_time: 'updated_at' };

function conventionalName(field: DescField, type: RestType): string {
  if (type.kind === 'unix-seconds') return participles[field.name] ?? field.name.replace(/_time$/, '_at');
  if (type.kind === 'duration-seconds') return `${field.name.replace(/_seconds$/, '')}_seconds`;
  return field.name;
}

function jsonOf(text: string, field: DescField): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Error(`rest_field of ${String(field)}: ${text} is not JSON`, { cause });
  }
}

function place(properties: RestProperty[], member: RestMember, desc: DescMessage): void {
  let at = properties;
  for (const [depth, name] of member.path.slice(0, -1).entries()) {
    let group = at.find((property) => property.name === name);
    if (group === undefined) {
      group = { kind: 'group', name, path: member.path.slice(0, depth + 1), properties: [] };
      at.push(group);
    }
    if (group.kind !== 'group') throw new Error(`${desc.typeName} has two members ${name}`);
    at = group.properties;
  }
  if (at.some(({ name }) => name === member.name)) {
    throw new Error(`${desc.typeName} has two members ${member.path.join('.')}`);
  }
  at.push(member);
}
