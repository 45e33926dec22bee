import { getOption, hasOption, ScalarType, type DescField } from '@bufbuild/protobuf';
import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { field as fieldRules, Ignore } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { RestType } from '../model/type.ts';
import { invalid } from '../problem.ts';

/** Writes one value, with its tag; throws RestProblem 422 when it is not of its type. */
export type WriteValue = (writer: BinaryWriter, value: unknown, param: string) => void;

/** Writes the members of an object. */
export type WriteObject = (writer: BinaryWriter, value: unknown, param: string) => void;

const maxUnixSeconds = 253_402_300_799;
const maxDurationSeconds = 315_576_000_000;

/** How a field's value is written. `objectOf` is asked when the first value is met. */
export function valueWriter(
  field: DescField,
  type: RestType,
  objectOf: (type: RestType & { kind: 'message' }) => WriteObject,
): WriteValue {
  const { number } = field;
  switch (type.kind) {
    case 'array': {
      const write = valueWriter(field, type.of, objectOf);
      const absentOnly = mayBeAbsentOnly(field);
      return (writer, value, param) => {
        if (!Array.isArray(value)) throw invalid(param, 'must be a list');
        if (absentOnly && value.length === 0) {
          throw invalid(param, 'must have at least one element, or be left out');
        }
        value.forEach((one, index) => write(writer, one, `${param}[${index}]`));
      };
    }
    case 'map':
      return mapWriter(field, type.of, objectOf);
    case 'message': {
      let write: WriteObject | undefined;
      return (writer, value, param) => {
        write ??= objectOf(type);
        writer.tag(number, WireType.LengthDelimited).fork();
        write(writer, value, param);
        writer.join();
      };
    }
    case 'enum': {
      const numbers = new Map(type.values.map((value) => [value.name, value.number]));
      return (writer, value, param) => {
        const found = typeof value === 'string' ? numbers.get(value) : undefined;
        if (found === undefined) throw invalid(param, `must be one of ${[...numbers.keys()].join(', ')}`);
        writer.tag(number, WireType.Varint).int32(found);
      };
    }
    case 'unix-seconds':
      return (writer, value, param) => {
        if (!Number.isSafeInteger(value) || Math.abs(Number(value)) > maxUnixSeconds) {
          throw invalid(param, 'must be a time in whole seconds since 1970');
        }
        writer
          .tag(number, WireType.LengthDelimited)
          .fork()
          .tag(1, WireType.Varint)
          .int64(Number(value))
          .join();
      };
    case 'duration-seconds':
      return (writer, value, param) => {
        if (typeof value !== 'number' || !(Math.abs(value) <= maxDurationSeconds)) {
          throw invalid(param, 'must be a number of seconds');
        }
        const seconds = Math.trunc(value);
        writer.tag(number, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int64(seconds);
        writer
          .tag(2, WireType.Varint)
          .int32(Math.round((value - seconds) * 1e9))
          .join();
      };
    case 'json-object':
      return (writer, value, param) => {
        if (!isObject(value)) throw invalid(param, 'must be an object');
        writer.tag(number, WireType.LengthDelimited).fork();
        writeStruct(writer, value, param);
        writer.join();
      };
    case 'json-array':
      return (writer, value, param) => {
        if (!Array.isArray(value)) throw invalid(param, 'must be a list');
        writer.tag(number, WireType.LengthDelimited).fork();
        writeList(writer, value, param);
        writer.join();
      };
    case 'json-value':
      return (writer, value, param) => {
        writer.tag(number, WireType.LengthDelimited).fork();
        writeJson(writer, value, param);
        writer.join();
      };
    default:
      return scalarWriter(number, field.scalar ?? ScalarType.STRING);
  }
}

/**
 * Whether a list may be left out and yet not be empty, by its limits: on the wire the two are the same, so that nobody
 * behind us can tell one from the other.
 */
function mayBeAbsentOnly(field: DescField): boolean {
  if (!hasOption(field, fieldRules)) return false;
  const { ignore, type } = getOption(field, fieldRules);
  return ignore === Ignore.IF_ZERO_VALUE && type.case === 'repeated' && type.value.minItems > 0n;
}

/** Whether a JSON value is an object, as opposed to a list, null or a scalar. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function text(value: unknown, param: string): string {
  if (typeof value !== 'string') throw invalid(param, 'must be a string');
  if (!value.isWellFormed()) throw invalid(param, 'has a character that is half of a pair');
  return value;
}

function integer(value: unknown, param: string, from: number, to: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < from || value > to) {
    throw invalid(param, `must be a whole number, ${from} to ${to}`);
  }
  return value;
}

const isSigned64 = new Set([ScalarType.INT64, ScalarType.SINT64, ScalarType.SFIXED64]);

function scalarWriter(number: number, scalar: ScalarType): WriteValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (writer, value, param) =>
        void writer.tag(number, WireType.LengthDelimited).string(text(value, param));
    case ScalarType.BYTES:
      return (writer, value, param) => {
        const given = text(value, param);
        if (!/^[\w+/-]*={0,2}$/.test(given)) throw invalid(param, 'must be base64');
        writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(given, 'base64'));
      };
    case ScalarType.BOOL:
      return (writer, value, param) => {
        if (typeof value !== 'boolean') throw invalid(param, 'must be true or false');
        writer.tag(number, WireType.Varint).bool(value);
      };
    case ScalarType.INT32:
      return (writer, value, param) =>
        void writer.tag(number, WireType.Varint).int32(integer(value, param, -(2 ** 31), 2 ** 31 - 1));
    case ScalarType.UINT32:
      return (writer, value, param) =>
        void writer.tag(number, WireType.Varint).uint32(integer(value, param, 0, 2 ** 32 - 1));
    case ScalarType.INT64:
    case ScalarType.UINT64: {
      const lowest = isSigned64.has(scalar) ? Number.MIN_SAFE_INTEGER : 0;
      return (writer, value, param) =>
        void writer
          .tag(number, WireType.Varint)
          .int64(integer(value, param, lowest, Number.MAX_SAFE_INTEGER));
    }
    case ScalarType.DOUBLE:
      return (writer, value, param) => {
        if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(param, 'must be a number');
        writer.tag(number, WireType.Bit64).double(value);
      };
    default:
      throw new Error(`a request has a field of the scalar type ${scalar}, which REST does not read`);
  }
}

function mapWriter(
  field: DescField,
  type: RestType,
  objectOf: (type: RestType & { kind: 'message' }) => WriteObject,
): WriteValue {
  if (field.fieldKind !== 'map' || field.mapKey !== ScalarType.STRING) {
    throw new Error(`${String(field)} is a map whose keys REST does not read`);
  }
  // Within an entry the value is field 2.
  const write = valueWriter({ ...field, number: 2 } as DescField, type, objectOf);
  return (writer, value, param) => {
    if (!isObject(value)) throw invalid(param, 'must be an object');
    for (const [key, one] of Object.entries(value)) {
      writer.tag(field.number, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.LengthDelimited).string(keyOf(key, param));
      write(writer, one, `${param}.${key}`);
      writer.join();
    }
  };
}

/** A key that JavaScript objects cannot hold would be lost on its way. */
function keyOf(key: string, param: string): string {
  if (key === '__proto__' || !key.isWellFormed()) throw invalid(param, 'has a key that is not possible');
  return key;
}

function writeStruct(writer: BinaryWriter, value: Record<string, unknown>, param: string): void {
  for (const [key, one] of Object.entries(value)) {
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(keyOf(key, param));
    writer.tag(2, WireType.LengthDelimited).fork();
    writeJson(writer, one, param);
    writer.join().join();
  }
}

function writeList(writer: BinaryWriter, values: unknown[], param: string): void {
  for (const one of values) {
    writer.tag(1, WireType.LengthDelimited).fork();
    writeJson(writer, one, param);
    writer.join();
  }
}

/** google.protobuf.Value. */
function writeJson(writer: BinaryWriter, value: unknown, param: string): void {
  if (value === null) writer.tag(1, WireType.Varint).int32(0);
  else if (typeof value === 'number') writer.tag(2, WireType.Bit64).double(finite(value, param));
  else if (typeof value === 'string') writer.tag(3, WireType.LengthDelimited).string(text(value, param));
  else if (typeof value === 'boolean') writer.tag(4, WireType.Varint).bool(value);
  else if (isObject(value)) {
    writer.tag(5, WireType.LengthDelimited).fork();
    writeStruct(writer, value, param);
    writer.join();
  } else if (Array.isArray(value)) {
    writer.tag(6, WireType.LengthDelimited).fork();
    writeList(writer, value, param);
    writer.join();
  }
}

/** JSON can say 1e999, which is no number any more. */
function finite(value: number, param: string): number {
  if (!Number.isFinite(value)) throw invalid(param, 'has a number that is too large');
  return value;
}
