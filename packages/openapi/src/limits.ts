import { getOption, hasOption, ScalarType, type DescField } from '@bufbuild/protobuf';
import {
  field as fieldRules,
  Ignore,
  oneof as oneofRules,
  type EnumRules,
  type FieldRules,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { RestMember } from '@cnap/rest/model';
import type { JsonSchema } from './json-schema.ts';

/** What protovalidate enforces on a field; undefined: nothing. */
const rulesOf = (field: DescField): FieldRules | undefined =>
  hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;

/** Whether a request without the member is refused. */
export function isRequired(member: RestMember): boolean {
  if (member.mandatory) return true;
  if (member.default !== undefined) return false;
  const { oneof } = member.field;
  if (oneof) return oneof.fields.length === 1 && getOption(oneof, oneofRules).required;
  const rules = rulesOf(member.field);
  if (!rules) return false;
  if (rules.required) return true;
  if (rules.ignore === Ignore.IF_ZERO_VALUE || member.field.presence === explicitPresence) return false;
  return !takesZero(rules);
}

/** `FeatureSet.FieldPresence.EXPLICIT`: messages and fields that are `optional`. */
const explicitPresence = 1;

function takesZero({ type }: FieldRules): boolean {
  switch (type.case) {
    case 'string':
      return type.value.minLen === 0n && new RegExp(type.value.pattern, 'u').test('');
    case 'repeated':
      return type.value.minItems === 0n;
    case 'enum':
      return takes(type.value, 0);
    case 'int32':
    case 'int64':
      return !(
        (type.value.greaterThan.case === 'gte' && type.value.greaterThan.value > 0) ||
        (type.value.greaterThan.case === 'gt' && type.value.greaterThan.value >= 0)
      );
    default:
      return true;
  }
}

/** The limits of a field's values as JSON Schema, for the value itself and for a list's or map's elements. */
export function limitsOf(field: DescField): JsonSchema & { items?: JsonSchema } {
  const rules = rulesOf(field);
  return rules ? limitsFrom(rules, rules.ignore === Ignore.IF_ZERO_VALUE) : {};
}

function limitsFrom({ type }: FieldRules, orEmpty: boolean): JsonSchema {
  switch (type.case) {
    case 'string': {
      const { minLen, maxLen, len, pattern, in: among, wellKnown } = type.value;
      const isUri = wellKnown.case === 'uri' && wellKnown.value;
      const isEmail = wellKnown.case === 'email' && wellKnown.value;
      return {
        ...(minLen > 0n && !orEmpty ? { minLength: Number(minLen) } : {}),
        ...(maxLen > 0n ? { maxLength: Number(maxLen) } : {}),
        ...(len > 0n ? { minLength: Number(len), maxLength: Number(len) } : {}),
        ...(pattern === '' ? {} : { pattern: orEmpty ? `^$|${pattern}` : pattern }),
        ...(among.length > 0 ? { enum: [...among] } : {}),
        ...(isUri ? { format: 'uri' } : {}),
        ...(isEmail ? { format: 'email' } : {}),
      };
    }
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double': {
      const { greaterThan: above, lessThan: below } = type.value;
      return {
        ...(above.case === 'gte' ? { minimum: Number(above.value) } : {}),
        ...(above.case === 'gt' ? { exclusiveMinimum: Number(above.value) } : {}),
        ...(below.case === 'lte' ? { maximum: Number(below.value) } : {}),
        ...(below.case === 'lt' ? { exclusiveMaximum: Number(below.value) } : {}),
      };
    }
    case 'duration': {
      const { greaterThan: above, lessThan: below } = type.value;
      return {
        ...(above.case === 'gte' ? { minimum: Number(above.value.seconds) } : {}),
        ...(below.case === 'lte' ? { maximum: Number(below.value.seconds) } : {}),
      };
    }
    case 'repeated': {
      const { minItems, maxItems, unique, items } = type.value;
      return {
        ...(minItems > 0n ? { minItems: Number(minItems) } : {}),
        ...(maxItems > 0n ? { maxItems: Number(maxItems) } : {}),
        ...(unique ? { uniqueItems: true } : {}),
        ...(items ? { items: limitsFrom(items, false) } : {}),
      };
    }
    case 'map':
      return type.value.maxPairs > 0n ? { maxProperties: Number(type.value.maxPairs) } : {};
    default:
      return {};
  }
}

/** Whether an enum's value is one that the field takes. */
export function takesValue(field: DescField, value: number): boolean {
  const type = rulesOf(field)?.type;
  const rules = type?.case === 'repeated' ? type.value.items?.type : type;
  return rules?.case !== 'enum' || takes(rules.value, value);
}

const takes = ({ in: among, notIn }: EnumRules, value: number): boolean =>
  (among.length === 0 || among.includes(value)) && !notIn.includes(value);

/** Whether a scalar counts from zero up. */
export const isUnsigned = (field: DescField): boolean =>
  field.scalar === ScalarType.UINT32 || field.scalar === ScalarType.UINT64;
