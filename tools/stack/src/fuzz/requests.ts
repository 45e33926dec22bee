// Makes a request of any RPC from its descriptor: what is required is filled in as its limits allow, and every id
// with what `idOf` gives for its prefix.
import { create, getOption, hasOption, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { ScalarType } from '@bufbuild/protobuf';
import {
  field as fieldRules,
  Ignore,
  oneof as oneofRules,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';

type IdOf = (prefix: string) => string;

const idPattern = /^\^([a-z]+)_\[0-9a-hjkmnp-tv-z\]\{26\}\$$/;

const rulesOf = (field: DescField) =>
  hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;

/** The prefix of the ids that a field holds, if it holds ids. */
function idPrefixOf(field: DescField): string | undefined {
  const rules = rulesOf(field);
  const items = rules?.type.case === 'repeated' ? rules.type.value.items : undefined;
  const text = items ?? rules;
  return text?.type.case === 'string' ? idPattern.exec(text.type.value.pattern)?.[1] : undefined;
}

/** The fields of a request by which something is named; of nested messages too, as `source.id`. */
export function idFieldsOf(message: DescMessage): { path: string; prefix: string; isRequired: boolean }[] {
  return message.fields.flatMap((field) => {
    const prefix = idPrefixOf(field);
    const isRequired = rulesOf(field)?.ignore !== Ignore.IF_ZERO_VALUE;
    if (prefix !== undefined) return [{ path: field.name, prefix, isRequired }];
    if (field.message === undefined || !field.message.typeName.startsWith('cnap.')) return [];
    return idFieldsOf(field.message).map((inner) => ({
      ...inner,
      path: `${field.name}.${inner.path}`,
      isRequired: false,
    }));
  });
}

/** A valid request whose ids are all `idOf` their prefix. */
export function requestOf(schema: DescMessage, idOf: IdOf) {
  return filled(schema, idOf).message;
}

function filled(schema: DescMessage, idOf: IdOf): ReflectMessage {
  const message = reflect(schema, create(schema));
  for (const field of schema.fields) {
    if (field.oneof !== undefined && field.oneof.fields[0] !== field) continue;
    fill(message, field, idOf);
  }
  return message;
}

function fill(message: ReflectMessage, field: DescField, idOf: IdOf): void {
  const rules = rulesOf(field);
  if (field.fieldKind === 'list') {
    const count = rules?.type.case === 'repeated' ? Number(rules.type.value.minItems) : 0;
    const wanted = idPrefixOf(field) === undefined ? count : 1;
    for (let index = 0; index < wanted; index += 1) {
      if (field.listKind === 'scalar') message.get(field).add(textFor(field, idOf));
      if (field.listKind === 'message') message.get(field).add(filled(field.message, idOf));
    }
    return;
  }
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING) {
    message.set(field, textFor(field, idOf));
  } else if (field.fieldKind === 'enum') {
    const allowed = rules?.type.case === 'enum' ? rules.type.value.in[0] : undefined;
    if (allowed !== undefined) message.set(field, allowed);
  } else if (field.fieldKind === 'message') {
    const isOneof = field.oneof !== undefined && hasOption(field.oneof, oneofRules);
    const hasIds = field.message.typeName.startsWith('cnap.') && idFieldsOf(field.message).length > 0;
    if (rules?.required || isOneof || hasIds) message.set(field, filled(field.message, idOf));
  }
}

function textFor(field: DescField, idOf: IdOf): string {
  const prefix = idPrefixOf(field);
  if (prefix !== undefined) return idOf(prefix);
  const rules = rulesOf(field);
  if (rules?.type.case !== 'string') return '';
  const { pattern, minLen } = rules.type.value;
  if (pattern.startsWith('^https?://')) return 'http://127.0.0.1:1/nothing';
  const shortest = 'a'.repeat(Number(minLen));
  // What takes nothing may be left out; every other pattern of the API takes a small letter.
  return new RegExp(pattern).test(shortest) ? shortest : 'a';
}
