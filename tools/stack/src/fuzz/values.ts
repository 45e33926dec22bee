// Values that a field should not have: at its limits and just beyond, of other types, odd, huge and deep. As JSON text,
// because some of them (lone surrogates, keys twice, numbers that are too large) no object can hold.
import { getOption, hasOption, ScalarType, type DescField } from '@bufbuild/protobuf';
import { field as fieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { Random } from './random.ts';

const text = (value: string) => JSON.stringify(value);

export const oddText: readonly string[] = [
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u202e\\u2066abc"',
  '"\\ufeff"',
  '"\\u200d\\u200b"',
  text('e\u0301'.repeat(40)),
  text('\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'),
  text('../../../etc/passwd'),
  text('%00%2e%2e%2f'),
  text("'; drop table orders; --"),
  text('{{ .Values }}${{7*7}}$(id)`id`'),
  text('<script>alert(1)</script>'),
  text('\r\nSet-Cookie: a=b'),
  text(' '),
  text(''),
  text('null'),
];

const otherTypes: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '"text"',
  '[]',
  '{}',
  '[[]]',
  '{"a":{"b":null}}',
  '[null]',
  '{"@type":"type.googleapis.com/google.protobuf.Any"}',
  '{"__proto__":{"polluted":true}}',
];

const numbers: readonly string[] = [
  '0',
  '-0',
  '-1',
  '1e309',
  '-1e309',
  '0.1',
  '1e-400',
  '2147483647',
  '2147483648',
  '-2147483649',
  '4294967296',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '"NaN"',
  '"Infinity"',
  '"9223372036854775808"',
  '"0x10"',
  '"1 "',
];

const times: readonly string[] = [
  '"nope"',
  '"9999-12-31T23:59:59.999999999Z"',
  '"9999-12-31T23:59:60Z"',
  '"10000-01-01T00:00:00Z"',
  '"0000-12-31T23:59:59Z"',
  '"2024-02-30T00:00:00Z"',
  '"2024-01-01T00:00:00.1234567891Z"',
  '"2024-01-01"',
  '-62135596801',
  '253402300800',
  '1e15',
  '1.5',
];

const durations: readonly string[] = [
  '"1"',
  '"1.5.5s"',
  '"-315576000001s"',
  '"315576000000s"',
  '"s"',
  '1e20',
];
const base64: readonly string[] = ['"***"', '"a"', '"====="', '"_-_-"', '"YQ"', text('A'.repeat(100_000))];
const masks: readonly string[] = [
  '"a.b.c"',
  '"id"',
  '","',
  '"name,name"',
  '"Name"',
  '"create_time"',
  '"__proto__"',
];

const nested = (depth: number, kind: 'list' | 'object') =>
  kind === 'list' ? '['.repeat(depth) + ']'.repeat(depth) : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** A value for a field, as JSON; not always a wrong one. */
export function valueFor(field: DescField, random: Random): string {
  if (random.oneIn(5)) return random.pick(otherTypes);
  if (random.oneIn(25)) return nested(random.pick([30, 41, 101, 2_000]), random.pick(['list', 'object']));
  if (field.fieldKind === 'list') return listFor(field, random);
  if (field.fieldKind === 'map') return mapFor(random);
  if (field.fieldKind === 'enum')
    return random.pick(['9999', '-1', '1.5', '"NOPE"', '"0"', '""', '1', '2147483648']);
  if (field.fieldKind === 'message') return messageFor(field.message.typeName, random);
  return scalarFor(field, field.scalar, random);
}

function scalarFor(field: DescField, scalar: ScalarType | undefined, random: Random): string {
  if (scalar === ScalarType.STRING) return textFor(field, random);
  if (scalar === ScalarType.BYTES) return random.pick(base64);
  if (scalar === ScalarType.BOOL) return random.pick(['"true"', '1', '"yes"', 'true', 'false']);
  const limits = limitsOf(field);
  if (limits.length > 0 && random.oneIn(2)) {
    return String(random.pick(limits) + BigInt(random.pick([-1, 0, 1])));
  }
  return random.pick(numbers);
}

function textFor(field: DescField, random: Random): string {
  const rules = hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;
  const of = rules?.type.case === 'repeated' ? rules.type.value.items : rules;
  if (of?.type.case === 'string' && random.oneIn(2)) {
    const { minLen, maxLen, pattern } = of.type.value;
    const length = Math.max(0, Number(random.oneIn(2) ? minLen : maxLen) + random.pick([-1, 0, 1]));
    const letter = random.pick(['a', '\u00e9', '\u{1f600}', ' ']);
    if (pattern !== '' && random.oneIn(2)) return text(pattern.replaceAll(/[\^$\\]/g, '').slice(0, 60));
    return text(letter.repeat(Math.min(length, 200_000)));
  }
  if (random.oneIn(40)) return text('x'.repeat(1_000_000));
  return random.pick(oddText);
}

function listFor(field: DescField & { fieldKind: 'list' }, random: Random): string {
  const rules = hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;
  const most = rules?.type.case === 'repeated' ? Number(rules.type.value.maxItems) : 100;
  const count = random.pick([0, 1, 2, Math.min(most + 1, 2_000)]);
  const item = () => {
    if (field.listKind === 'scalar') return scalarFor(field, field.scalar, random);
    return field.listKind === 'enum'
      ? random.pick(['9999', '"NOPE"'])
      : random.pick(['{}', 'null', '{"a":1}', '[]']);
  };
  return `[${Array.from({ length: count }, item).join(',')}]`;
}

const mapFor = (random: Random): string =>
  random.pick([
    '{"a":1,"a":2}',
    '{"":""}',
    '{"\\u0000":"x"}',
    '{"__proto__":{"a":1}}',
    '{"a":null}',
    '{"k":"v"}',
  ]);

function messageFor(typeName: string, random: Random): string {
  if (typeName === 'google.protobuf.Timestamp') return random.pick(times);
  if (typeName === 'google.protobuf.Duration') return random.pick(durations);
  if (typeName === 'google.protobuf.FieldMask') return random.pick(masks);
  return random.pick([
    '{}',
    'null',
    '{"a":1}',
    '{"a":{"a":{"a":["\\u0000"]}}}',
    '{"constructor":1,"a":1,"a":2}',
  ]);
}

/** The numbers that the limits of a field name. */
function limitsOf(field: DescField): bigint[] {
  const rules = hasOption(field, fieldRules) ? getOption(field, fieldRules).type : undefined;
  if (rules?.case !== 'int32' && rules?.case !== 'int64' && rules?.case !== 'uint32') return [];
  const { greaterThan, lessThan } = rules.value;
  return [greaterThan.value, lessThan.value]
    .filter((value) => value !== undefined)
    .map((value) => BigInt(value));
}
