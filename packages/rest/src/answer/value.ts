import { ScalarType, type DescEnum, type DescField } from '@bufbuild/protobuf';
import type { RestType } from '../model/type.ts';
import type { Wire } from './wire.ts';

/** Reads one value and gives its JSON; undefined where it counts as unset. */
export type ReadValue = (wire: Wire) => string | undefined;

/** Reads an object's fields up to `end` and gives its JSON. */
export type ReadMessage = (wire: Wire, end: number) => string;

/** Wire type of length-delimited values. */
const delimited = 2;

/** How the values of a field are read; of a list or a map: its elements'. `messageOf` is asked when one is met. */
export function readerOf(
  field: DescField,
  type: RestType,
  messageOf: (desc: RestType & { kind: 'message' }) => ReadMessage,
): ReadValue {
  switch (type.kind) {
    case 'array':
      return readerOf(field, type.of, messageOf);
    case 'map':
      return entryReader(field, type.of, messageOf);
    case 'message': {
      let read: ReadMessage | undefined;
      return (wire) => {
        read ??= messageOf(type);
        return read(wire, wire.chunk());
      };
    }
    case 'enum':
      return enumReader(type.desc, new Map(type.values.map(({ name, number }) => [number, name])));
    case 'unix-seconds':
      return (wire) => timeOf(wire, false);
    case 'duration-seconds':
      return (wire) => timeOf(wire, true);
    case 'json-object':
      return structOf;
    case 'json-array':
      return listOf;
    case 'json-value':
      return valueOf;
    default:
      return scalarReader(field.scalar ?? ScalarType.STRING);
  }
}

/** The wire type of a scalar on its own; length-delimited ones of it are packed. */
export const isPacked = (type: RestType, wireType: number): boolean =>
  wireType === delimited &&
  (type.kind === 'integer' || type.kind === 'number' || type.kind === 'boolean' || type.kind === 'enum');

function enumReader(desc: DescEnum, names: Map<number, string>): ReadValue {
  const texts = new Map([...names].map(([number, name]) => [number, JSON.stringify(name)]));
  return (wire) => {
    const number = wire.uint32() | 0;
    // A value that this program does not know yet.
    return texts.get(number) ?? (number === 0 || desc.value[number] ? undefined : `"${number}"`);
  };
}

function scalarReader(scalar: ScalarType): ReadValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (wire) => wire.quoted();
    case ScalarType.BOOL:
      return (wire) => (wire.uint32() === 0 ? 'false' : 'true');
    case ScalarType.BYTES:
      return (wire) => {
        const end = wire.chunk();
        const text = wire.bytes.toString('base64', wire.pos, end);
        wire.pos = end;
        return `"${text}"`;
      };
    case ScalarType.INT32:
      return (wire) => String(wire.uint32() | 0);
    case ScalarType.UINT32:
      return (wire) => String(wire.uint32());
    case ScalarType.SINT32:
      return (wire) => {
        const raw = wire.uint32();
        return String((raw >>> 1) ^ -(raw & 1));
      };
    case ScalarType.INT64:
      return (wire) => wire.int64();
    case ScalarType.UINT64:
      return (wire) => wire.uint64();
    case ScalarType.SINT64:
      return (wire) => wire.sint64();
    case ScalarType.FIXED32:
      return (wire) => String(wire.fixed32());
    case ScalarType.SFIXED32:
      return (wire) => String(wire.fixed32() | 0);
    case ScalarType.FIXED64:
      return (wire) => String(wire.fixed64());
    case ScalarType.SFIXED64:
      return (wire) => String(BigInt.asIntN(64, wire.fixed64()));
    case ScalarType.DOUBLE:
      return (wire) => JSON.stringify(wire.double());
    case ScalarType.FLOAT:
      return (wire) => JSON.stringify(wire.float());
  }
}

function entryReader(
  field: DescField,
  type: RestType,
  messageOf: (desc: RestType & { kind: 'message' }) => ReadMessage,
): ReadValue {
  const keyScalar = field.fieldKind === 'map' ? field.mapKey : ScalarType.STRING;
  const readKey = scalarReader(keyScalar);
  const readElement = readerOf(field, type, messageOf);
  const empty = type.kind === 'string' || type.kind === 'base64' ? '""' : absentElement(type);
  const noKey = keyScalar === ScalarType.STRING ? '""' : keyScalar === ScalarType.BOOL ? '"false"' : '"0"';
  return (wire) => {
    const end = wire.chunk();
    let key = noKey;
    let value = empty;
    while (wire.pos < end) {
      const tag = wire.uint32();
      if (tag >>> 3 === 1) {
        const read = readKey(wire) ?? noKey;
        key = read.startsWith('"') ? read : `"${read}"`;
      } else if (tag >>> 3 === 2) value = readElement(wire) ?? empty;
      else wire.skip(tag & 7);
    }
    return `${key}:${value}`;
  };
}

/** What a value of a map is whose zero value the wire leaves out. */
function absentElement(type: RestType): string {
  if (type.kind === 'integer' || type.kind === 'number') return '0';
  if (type.kind === 'boolean') return 'false';
  return type.kind === 'message' || type.kind === 'json-object' ? '{}' : 'null';
}

/** Timestamp and Duration: seconds as field 1, nanoseconds as field 2. */
function timeOf(wire: Wire, withFraction: boolean): string {
  const end = wire.chunk();
  let seconds = '0';
  let nanos = 0;
  while (wire.pos < end) {
    const tag = wire.uint32();
    if (tag >>> 3 === 1) seconds = wire.int64();
    else if (tag >>> 3 === 2) nanos = wire.uint32() | 0;
    else wire.skip(tag & 7);
  }
  return withFraction && nanos !== 0 ? String(Number(seconds) + nanos / 1e9) : seconds;
}

function structOf(wire: Wire): string {
  const end = wire.chunk();
  let text = '';
  while (wire.pos < end) {
    const tag = wire.uint32();
    if (tag >>> 3 === 1) {
      const entryEnd = wire.chunk();
      let key = '""';
      let value = 'null';
      while (wire.pos < entryEnd) {
        const entryTag = wire.uint32();
        if (entryTag >>> 3 === 1) key = wire.quoted();
        else if (entryTag >>> 3 === 2) value = valueOf(wire);
        else wire.skip(entryTag & 7);
      }
      text += text === '' ? `${key}:${value}` : `,${key}:${value}`;
    } else wire.skip(tag & 7);
  }
  return `{${text}}`;
}

function listOf(wire: Wire): string {
  const end = wire.chunk();
  let text = '';
  while (wire.pos < end) {
    const tag = wire.uint32();
    if (tag >>> 3 === 1) text += text === '' ? valueOf(wire) : `,${valueOf(wire)}`;
    else wire.skip(tag & 7);
  }
  return `[${text}]`;
}

function valueOf(wire: Wire): string {
  const end = wire.chunk();
  let text = 'null';
  while (wire.pos < end) {
    const tag = wire.uint32();
    switch (tag >>> 3) {
      case 2:
        text = JSON.stringify(wire.double());
        break;
      case 3:
        text = wire.quoted();
        break;
      case 4:
        text = wire.uint32() === 0 ? 'false' : 'true';
        break;
      case 5:
        text = structOf(wire);
        break;
      case 6:
        text = listOf(wire);
        break;
      default:
        wire.skip(tag & 7);
    }
  }
  return text;
}
