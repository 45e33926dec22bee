// Prints buf/validate/validate.proto from the descriptor inside @bufbuild/protovalidate: the Buf Schema Registry
// is not reachable from every machine, and buf needs the source text to check and compile our limits.
import { getOption, hasOption, isFieldSet, ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescExtension, DescField, DescMessage, Message } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  type EnumDescriptorProto_EnumReservedRange,
} from '@bufbuild/protobuf/wkt';
import {
  file_buf_validate_validate as file,
  predefined,
  PredefinedRulesSchema,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';

const scalarNames = new Map(
  Object.entries(Type).map(([name, number]) => [number as Type, name.toLowerCase()]),
);
const labels = new Map([
  [Label.REPEATED, 'repeated '],
  [Label.REQUIRED, 'required '],
]);

const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;

function typeName(field: { type: Type; typeName: string }): string {
  const own = `.${file.proto.package}.`;
  if (!field.typeName) return scalarNames.get(field.type) ?? '';
  return field.typeName.startsWith(own) ? field.typeName.slice(own.length) : field.typeName.slice(1);
}

/** A message in protobuf's text format, as an option's value. */
function textFormat(message: ReflectMessage): string {
  const one = (field: DescField, value: unknown): string => {
    if (field.message) return `{${textFormat(value as ReflectMessage)}}`;
    if (field.enum) return field.enum.value[value as number]?.name ?? String(value);
    return field.scalar === ScalarType.STRING ? quoted(String(value)) : String(value);
  };
  const parts: string[] = [];
  for (const field of message.desc.fields) {
    if (!isFieldSet(message.message, field)) continue;
    const value = message.get(field);
    const values = field.fieldKind === 'list' ? [...(value as Iterable<unknown>)] : [value];
    parts.push(...values.map((item) => `${field.name}: ${one(field, item)}`));
  }
  return parts.join(', ');
}

function fieldLine(field: DescField | DescExtension, inOneof: boolean): string {
  const proto = field.proto;
  const options: string[] = [];
  if (hasOption(field, predefined)) {
    const rules = getOption(field, predefined) as Message;
    options.push(
      `(buf.validate.predefined) = {${textFormat(reflect(PredefinedRulesSchema, rules as never))}}`,
    );
  }
  if (proto.defaultValue) {
    options.push(`default = ${proto.type === Type.STRING ? quoted(proto.defaultValue) : proto.defaultValue}`);
  }
  if (proto.options?.deprecated) options.push('deprecated = true');
  const label = labels.get(proto.label) ?? (inOneof ? '' : 'optional ');
  const suffix = options.length > 0 ? ` [${options.join(', ')}]` : '';
  return `${label}${typeName(proto)} ${proto.name} = ${proto.number}${suffix};`;
}

const range = (start: number, last: number): string => (start === last ? `${start}` : `${start} to ${last}`);

function* enumLines(desc: DescEnum): Iterable<string> {
  yield `enum ${desc.name} {`;
  for (const value of desc.proto.value) {
    yield `  ${value.name} = ${value.number}${value.options?.deprecated ? ' [deprecated = true]' : ''};`;
  }
  for (const reserved of desc.proto.reservedRange as EnumDescriptorProto_EnumReservedRange[]) {
    yield `  reserved ${range(reserved.start, reserved.end)};`;
  }
  for (const name of desc.proto.reservedName) yield `  reserved ${quoted(name)};`;
  yield '}';
}

function* messageLines(desc: DescMessage): Iterable<string> {
  yield `message ${desc.name} {`;
  for (const nested of desc.nestedEnums) yield* indent(enumLines(nested));
  for (const nested of desc.nestedMessages) yield* indent(messageLines(nested));
  const printed = new Set<string>();
  for (const field of desc.fields) {
    if (!field.oneof || field.proto.proto3Optional) {
      yield `  ${fieldLine(field, false)}`;
    } else if (!printed.has(field.oneof.name)) {
      printed.add(field.oneof.name);
      yield `  oneof ${field.oneof.name} {`;
      for (const member of field.oneof.fields) yield `    ${fieldLine(member, true)}`;
      yield '  }';
    }
  }
  for (const { start, end } of desc.proto.extensionRange) {
    yield `  extensions ${start} to ${end === 536870912 ? 'max' : end - 1};`;
  }
  for (const { start, end } of desc.proto.reservedRange) yield `  reserved ${range(start, end - 1)};`;
  for (const name of desc.proto.reservedName) yield `  reserved ${quoted(name)};`;
  yield '}';
}

function* indent(lines: Iterable<string>): Iterable<string> {
  for (const line of lines) yield `  ${line}`;
}

/** The text of buf/validate/validate.proto; compiles to the descriptor it was printed from. */
export function printValidateProto(): string {
  const { proto } = file;
  const lines = [
    '// Printed from the descriptor inside @bufbuild/protovalidate (Apache-2.0). Do not edit.',
    `syntax = "${proto.syntax || 'proto2'}";`,
    `package ${proto.package};`,
    ...proto.dependency.map((name) => `import "${name}";`),
    `option go_package = ${quoted(proto.options?.goPackage ?? '')};`,
    `option java_package = ${quoted(proto.options?.javaPackage ?? '')};`,
    'option java_multiple_files = true;',
  ];
  for (const extension of file.extensions) {
    lines.push(`extend ${extension.extendee.typeName} {`, `  ${fieldLine(extension, false)}`, '}');
  }
  for (const desc of file.enums) lines.push(...enumLines(desc));
  for (const desc of file.messages) lines.push(...messageLines(desc));
  return `${lines.join('\n')}\n`;
}
