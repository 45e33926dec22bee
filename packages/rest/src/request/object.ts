import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { restMessage, type RestMember, type RestMessage, type RestProperty } from '../model/message.ts';
import { invalid } from '../problem.ts';
import { isObject, valueWriter, type WriteObject, type WriteValue } from './value.ts';

/** A member, or the members of a group, as they are looked up in an object. */
type Entry =
  | { kind: 'member'; member: RestMember; write: WriteValue }
  | { kind: 'group'; entries: Map<string, Entry> };

/** How the members of an object are taken. */
export type ObjectOptions = {
  /** Told of each member that is present. */
  present?: (field: DescField) => void;
  /** Null is taken everywhere, and means the field's zero value. */
  nullClears?: boolean;
};

/** Writes the members of an object, as `options` say. */
export type WriteMembers = (
  writer: BinaryWriter,
  value: unknown,
  param: string,
  options?: ObjectOptions,
) => void;

/** Compiles what writes an object with these members; what it does not know it refuses with 422. */
export function objectReader(message: RestMessage): WriteMembers {
  const entriesOf = (properties: readonly RestProperty[]): Map<string, Entry> =>
    new Map(
      properties.map((property): [string, Entry] => [
        property.name,
        property.kind === 'group'
          ? { kind: 'group', entries: entriesOf(property.properties) }
          : {
              kind: 'member',
              member: property,
              write: valueWriter(property.field, property.type, ({ desc }) => messageReader(desc)),
            },
      ]),
    );
  const entries = entriesOf(message.properties);
  const expected = message.members
    .filter((member) => member.mandatory || member.default !== undefined)
    .map((member) => ({
      member,
      write: valueWriter(member.field, member.type, ({ desc }) => messageReader(desc)),
    }));
  const hasOneofs = message.members.some(({ field }) => field.oneof !== undefined);
  return (writer, value, param, options = {}) => {
    const seen = new Set<DescField>();
    walk(entries, value, param, (entry, given, at) => {
      const { member, write } = entry;
      if (given === null && !(member.nullable || options.nullClears === true)) {
        throw invalid(at, 'must not be null');
      }
      options.present?.(member.field);
      if (given === null) return;
      if (hasOneofs) refuseSecond(seen, member, at);
      seen.add(member.field);
      write(writer, given, at);
    });
    for (const { member, write } of expected) {
      if (seen.has(member.field)) continue;
      const at = joined(param, member.path.join('.'));
      if (member.mandatory && options.nullClears !== true) throw invalid(at, 'is required');
      if (member.default !== undefined && options.nullClears !== true) write(writer, member.default, at);
    }
  };
}

type MemberEntry = Entry & { kind: 'member' };

function walk(
  entries: Map<string, Entry>,
  value: unknown,
  param: string,
  visit: (entry: MemberEntry, given: unknown, at: string) => void,
): void {
  if (!isObject(value))
    throw invalid(param, param === '' ? 'The body must be an object.' : 'must be an object');
  for (const [name, given] of Object.entries(value)) {
    const at = joined(param, name);
    const entry = entries.get(name);
    if (entry === undefined) throw unknownMember(at.slice(0, 200), entries);
    if (entry.kind === 'group') walk(entry.entries, given, at, visit);
    else visit(entry, given, at);
  }
}

function unknownMember(at: string, entries: Map<string, Entry>) {
  const names = [...entries.keys()];
  const problem = invalid(at, 'is not known', 'UNKNOWN_FIELD');
  if (names.length > 0) problem.error.suggestion = `Known here: ${names.join(', ')}.`;
  return problem;
}

function refuseSecond(seen: Set<DescField>, { field }: RestMember, at: string): void {
  const { oneof } = field;
  if (oneof === undefined) return;
  for (const other of seen) {
    if (other.oneof === oneof)
      throw invalid(at, 'cannot be given together with another one that it excludes');
  }
}

const joined = (param: string, name: string): string => (param === '' ? name : `${param}.${name}`);

const compiled = new WeakMap<DescMessage, WriteObject>();

/** What writes a message given as an object; compiled once. */
function messageReader(desc: DescMessage): WriteObject {
  const known = compiled.get(desc);
  if (known) return known;
  const write = objectReader(restMessage(desc));
  const reader: WriteObject = (writer, value, param) => write(writer, value, param);
  compiled.set(desc, reader);
  return reader;
}
