import type { DescMessage } from '@bufbuild/protobuf';
import * as options from '@cnap/proto/cnap/options/v1/options';
import { getOption } from '@bufbuild/protobuf';
import {
  restMessage,
  type RestGroup,
  type RestMember,
  type RestMessage,
  type RestProperty,
  type RestType,
} from '@cnap/rest/model';
import { paragraphOf } from './comments.ts';
import { exampleOf } from './example.ts';
import type { JsonSchema } from './json-schema.ts';
import { isRequired, isUnsigned, limitsOf, takesValue } from './limits.ts';

/** Which way a value goes: what must be there differs. */
type Way = 'request' | 'answer';

/** Makes schemas, and keeps those that have a name of their own. */
export function createSchemas() {
  const components = new Map<string, JsonSchema>();
  const names = new Map<string, DescMessage>();

  /** A message by reference; one that requests and answers share has a schema for each. */
  function reference(desc: DescMessage, way: Way): JsonSchema {
    const base = way === 'request' && !desc.name.endsWith('Request') ? `${desc.name}Input` : desc.name;
    const owner = names.get(base);
    const [, service = ''] = desc.typeName.split('.');
    const isTaken = owner !== undefined && owner !== desc;
    const name = isTaken ? `${service.charAt(0).toUpperCase()}${service.slice(1)}${base}` : base;
    names.set(name, desc);
    if (!components.has(name)) {
      components.set(name, {}); // it may hold itself
      components.set(name, objectOf(restMessage(desc), way));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  function objectOf(message: RestMessage, way: Way): JsonSchema {
    const description = paragraphOf(message.desc.typeName);
    return { ...propertiesOf(message.properties, way), ...(description === '' ? {} : { description }) };
  }

  function propertiesOf(properties: readonly RestProperty[], way: Way): JsonSchema {
    const required = properties.filter((property) => mustBeThere(property, way)).map(({ name }) => name);
    return {
      type: 'object',
      properties: Object.fromEntries(
        properties.map((property) => [
          property.name,
          property.kind === 'group' ? propertiesOf(property.properties, way) : memberOf(property, way),
        ]),
      ),
      ...(required.length > 0 ? { required } : {}),
      ...(way === 'request' ? onlyOneOf(properties) : {}),
      // A member that does not exist is refused; answers may get more members.
      ...(way === 'request' ? { additionalProperties: false } : {}),
    };
  }

  function memberOf(member: RestMember, way: Way): JsonSchema {
    const { field } = member;
    const limits = way === 'request' ? limitsOf(field) : {};
    const bare = typeOf(member.type, member, way);
    const items = bare.items && limits.items ? { items: { ...bare.items, ...limits.items } } : {};
    const schema: JsonSchema = { ...bare, ...limits, ...items };
    if (member.default !== undefined) schema.default = member.default;
    const example = exampleOf(member, schema);
    const description = paragraphOf(`${field.parent.typeName}.${field.name}`);
    const told: JsonSchema = {
      ...schema,
      ...(description === '' ? {} : { description }),
      ...(example === undefined ? {} : { examples: [example] }),
      ...(way === 'request' && getOption(field, options.sensitive) ? { writeOnly: true } : {}),
    };
    return member.nullable ? orNull(told) : told;
  }

  function typeOf(type: RestType, member: RestMember, way: Way): JsonSchema {
    switch (type.kind) {
      case 'string':
      case 'boolean':
      case 'number':
        return { type: type.kind };
      case 'integer':
        return { type: 'integer', ...(isUnsigned(member.field) ? { minimum: 0 } : {}) };
      case 'base64':
        return { type: 'string', contentEncoding: 'base64' };
      case 'unix-seconds':
        return { type: 'integer' };
      case 'duration-seconds':
        return { type: 'number' };
      case 'enum':
        return {
          type: 'string',
          enum: type.values
            .filter(({ number }) => way === 'answer' || takesValue(member.field, number))
            .map(({ name }) => name),
        };
      case 'json-object':
        // By name: generators that name it after where it stands meet Product.input_schema and ProductInput.schema.
        components.set('JsonObject', {
          type: 'object',
          additionalProperties: true,
          description: 'Any members.',
        });
        return { $ref: '#/components/schemas/JsonObject' };
      case 'json-array':
        return { type: 'array', items: {} };
      case 'json-value':
        return {};
      case 'array':
        return { type: 'array', items: typeOf(type.of, member, way) };
      case 'map':
        return { type: 'object', additionalProperties: typeOf(type.of, member, way) };
      case 'message':
        return reference(type.desc, way);
    }
  }

  return { components, reference, objectOf, memberOf };
}

export type Schemas = ReturnType<typeof createSchemas>;

function mustBeThere(property: RestMember | RestGroup, way: Way): boolean {
  if (property.kind === 'group') {
    return way === 'answer' || property.properties.some((inner) => mustBeThere(inner, way));
  }
  return way === 'answer' ? property.required : isRequired(property);
}

/** Of the members of a oneof, a request has one at most. */
function onlyOneOf(properties: readonly RestProperty[]): JsonSchema {
  const members = properties.filter((property) => property.kind === 'member');
  const pairs = members.flatMap(({ name, field }, at) =>
    members
      .slice(at + 1)
      .filter((other) => field.oneof !== undefined && other.field.oneof === field.oneof)
      .map((other) => ({ required: [name, other.name] })),
  );
  return pairs.length > 0 ? { not: { anyOf: pairs } } : {};
}

function orNull(schema: JsonSchema): JsonSchema {
  if (typeof schema.type === 'string') {
    return {
      ...schema,
      type: [schema.type, 'null'],
      ...(schema.enum ? { enum: [...schema.enum, null] } : {}),
    };
  }
  const { description, examples, ...rest } = schema;
  return {
    anyOf: [rest, { type: 'null' }],
    ...(description === undefined ? {} : { description }),
    ...(examples === undefined ? {} : { examples }),
  };
}
