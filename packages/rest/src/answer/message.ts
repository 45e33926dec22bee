import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { restMessage, type RestMember, type RestMessage, type RestProperty } from '../model/message.ts';
import type { RestType } from '../model/type.ts';
import { isPacked, readerOf, type ReadMessage, type ReadValue } from './value.ts';
import type { Wire } from './wire.ts';

/** The JSON of each field that was met; of lists and maps what goes between their brackets. */
export type Slots = (string | undefined)[];

/** A field to be read into a slot. */
type Reader = {
  slot: number;
  read: ReadValue;
  type: RestType;
  repeated: boolean;
};

/** Reads some fields of a message and passes over the others. */
export type FieldsReader = (wire: Wire, end: number) => Slots;

/** Compiles a reader for these fields; slot n is the n-th of them. */
export function fieldsReader(fields: readonly { field: DescField; type: RestType }[]): FieldsReader {
  const byNumber: (Reader | undefined)[] = [];
  fields.forEach(({ field, type }, slot) => {
    const repeated = type.kind === 'array' || type.kind === 'map';
    const read = readerOf(field, type, ({ desc }) => messageWriter(desc));
    byNumber[field.number] = { slot, read, type: type.kind === 'array' ? type.of : type, repeated };
  });
  const none: Slots = Array.from({ length: fields.length });
  return (wire, end) => {
    const slots = none.slice();
    while (wire.pos < end) {
      const tag = wire.uint32();
      const reader = byNumber[tag >>> 3];
      if (reader === undefined) wire.skip(tag & 7);
      else if (!reader.repeated) slots[reader.slot] = reader.read(wire);
      else if (isPacked(reader.type, tag & 7)) {
        const packedEnd = wire.chunk();
        while (wire.pos < packedEnd) append(slots, reader, wire);
      } else append(slots, reader, wire);
    }
    return slots;
  };
}

function append(slots: Slots, { slot, read }: Reader, wire: Wire): void {
  const value = read(wire) ?? 'null';
  const before = slots[slot];
  slots[slot] = before === undefined ? value : `${before},${value}`;
}

/** A member, or the members of a group, in the text of an object. */
type Part = {
  /** `"name":`, for the first of an object; the others have a comma before it. */
  key: string;
  laterKey: string;
  slot: number;
  /** What it is where its slot is empty; undefined: left out. */
  absent: string | undefined;
  open: string;
  close: string;
  group: readonly Part[] | undefined;
};

/** Compiles what makes the text of an object of the slots of its members. */
export function objectWriter(message: RestMessage): (slots: Slots) => string {
  const slotOf = new Map(message.members.map((member, index) => [member, index]));
  const partsOf = (properties: readonly RestProperty[]): Part[] =>
    properties.map((property) => {
      const key = `${JSON.stringify(property.name)}:`;
      const common = { key, laterKey: `,${key}`, open: '', close: '' };
      if (property.kind === 'group') {
        return { ...common, slot: -1, absent: undefined, group: partsOf(property.properties) };
      }
      const [open, close] = bracketsOf(property.type);
      return {
        ...common,
        slot: slotOf.get(property) ?? -1,
        absent: absentText(property),
        open,
        close,
        group: undefined,
      };
    });
  const parts = partsOf(message.properties);
  return (slots) => textOf(parts, slots);
}

function textOf(parts: readonly Part[], slots: Slots): string {
  let text = '{';
  for (const part of parts) {
    let value: string | undefined;
    if (part.group !== undefined) value = textOf(part.group, slots);
    else {
      const found = slots[part.slot];
      value = found === undefined ? part.absent : part.open + found + part.close;
    }
    if (value !== undefined) text += (text.length === 1 ? part.key : part.laterKey) + value;
  }
  return `${text}}`;
}

const bracketsOf = (type: RestType): [string, string] =>
  type.kind === 'array' ? ['[', ']'] : type.kind === 'map' ? ['{', '}'] : ['', ''];

/** The JSON of a list, a map or a single value whose slot this is. */
export function slotText(member: RestMember, slot: string | undefined): string {
  const [open, close] = bracketsOf(member.type);
  return slot === undefined ? (absentText(member) ?? 'null') : open + slot + close;
}

/** What a member is that is not on the wire; undefined: it is left out. */
export function absentText(member: RestMember): string | undefined {
  if (member.nullable) return 'null';
  if (!member.required) return undefined;
  switch (member.type.kind) {
    case 'string':
    case 'base64':
      return '""';
    case 'boolean':
      return 'false';
    case 'integer':
    case 'number':
      return '0';
    case 'array':
      return '[]';
    case 'map':
    case 'json-object':
      return '{}';
    case 'enum':
      return '"UNSPECIFIED"';
    default:
      return 'null';
  }
}

const compiled = new WeakMap<DescMessage, ReadMessage>();

/** What turns a message on the wire into its JSON; compiled once. */
export function messageWriter(desc: DescMessage): ReadMessage {
  const known = compiled.get(desc);
  if (known) return known;
  const message = restMessage(desc);
  const read = fieldsReader(message.members);
  const write = objectWriter(message);
  const writer: ReadMessage = (wire, end) => write(read(wire, end));
  compiled.set(desc, writer);
  return writer;
}
