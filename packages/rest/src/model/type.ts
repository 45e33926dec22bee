import { getOption, ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf';
import * as options from '@cnap/proto/cnap/options/v1/options';

/** A value of an enum as REST spells it. */
export type RestEnumValue = { name: string; number: number };

/** What a value is in JSON, and what it is made from. */
export type RestType =
  | { kind: 'string' | 'boolean' }
  /** A whole number; 64 bits ones are numbers too, and safe up to 2^53. */
  | { kind: 'integer'; bits: 32 | 64; unsigned: boolean }
  | { kind: 'number' }
  /** Bytes, as base64 text. */
  | { kind: 'base64' }
  /** A Timestamp, as whole seconds since 1970. */
  | { kind: 'unix-seconds' }
  /** A Duration, as seconds. */
  | { kind: 'duration-seconds' }
  /** Text, one of `values`; the value 0 is not among them unless it has a `rest_value`. */
  | { kind: 'enum'; desc: DescEnum; values: readonly RestEnumValue[] }
  /** Free-form JSON: Struct, ListValue, Value. */
  | { kind: 'json-object' | 'json-array' | 'json-value' }
  /** An object, with the properties of `restMessage(desc)`. */
  | { kind: 'message'; desc: DescMessage }
  | { kind: 'array'; of: RestType }
  /** An object whose keys are the map's. */
  | { kind: 'map'; of: RestType };

const wellKnown: Record<string, RestType> = {
  'google.protobuf.Timestamp': { kind: 'unix-seconds' },
  'google.protobuf.Duration': { kind: 'duration-seconds' },
  'google.protobuf.Struct': { kind: 'json-object' },
  'google.protobuf.ListValue': { kind: 'json-array' },
  'google.protobuf.Value': { kind: 'json-value' },
};

/** The type of a field over REST, lists and maps included. */
export function restType(field: DescField): RestType {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarType(field.scalar);
    case 'enum':
      return enumType(field.enum);
    case 'message':
      return messageType(field.message);
    case 'list':
      return { kind: 'array', of: elementType(field.listKind, field) };
    case 'map':
      return { kind: 'map', of: elementType(field.mapKind, field) };
  }
}

function elementType(
  kind: 'scalar' | 'enum' | 'message',
  field: { scalar?: ScalarType | undefined; enum?: DescEnum | undefined; message?: DescMessage | undefined },
): RestType {
  if (kind === 'enum' && field.enum) return enumType(field.enum);
  if (kind === 'message' && field.message) return messageType(field.message);
  return scalarType(field.scalar ?? ScalarType.STRING);
}

function scalarType(scalar: ScalarType): RestType {
  switch (scalar) {
    case ScalarType.STRING:
      return { kind: 'string' };
    case ScalarType.BOOL:
      return { kind: 'boolean' };
    case ScalarType.BYTES:
      return { kind: 'base64' };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { kind: 'number' };
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return { kind: 'integer', bits: 64, unsigned: false };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { kind: 'integer', bits: 64, unsigned: true };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { kind: 'integer', bits: 32, unsigned: true };
    default:
      return { kind: 'integer', bits: 32, unsigned: false };
  }
}

const messageType = (desc: DescMessage): RestType => wellKnown[desc.typeName] ?? { kind: 'message', desc };

function enumType(desc: DescEnum): RestType {
  const lower = getOption(desc, options.rest_lower_case);
  const prefix = (desc.sharedPrefix ?? '').length;
  const values = desc.values.flatMap((value): RestEnumValue[] => {
    const own = getOption(value, options.rest_value);
    if (own === '' && value.number === 0) return [];
    const name = value.name.slice(prefix);
    return [{ name: own === '' ? (lower ? name.toLowerCase() : name) : own, number: value.number }];
  });
  return { kind: 'enum', desc, values };
}
