// The document itself: a valid one, whole, and with an example that fits for everything that has a type.
import { getOption } from '@bufbuild/protobuf';
import { rpcServices } from '@cnap/proto';
import { exposure, Exposure } from '@cnap/proto/cnap/options/v1/options';
import { Validator, type Schema } from '@cfworker/json-schema';
import { expect, test } from 'vitest';
import { openApiDocument, type JsonSchema } from '../src/index.ts';

const document = openApiDocument(rpcServices, { url: 'http://localhost:8080', version: '1.0.0' });
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
);

test('every public RPC but bidirectional streams is an operation, with an id of its own', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const text = JSON.stringify(document.paths);
  for (const service of Object.values(rpcServices).flat()) {
    for (const rpc of service.methods) {
      const isPublic = getOption(rpc, exposure) !== Exposure.INTERNAL && rpc.methodKind !== 'bidi_streaming';
      if (isPublic) expect(text).toContain(`${service.typeName}/${rpc.name}`);
    }
  }
});

test('every reference leads somewhere', () => {
  const missing = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)].filter(
    ([, kind = '', name = '']) =>
      !(name in (document.components as Record<string, object>)[kind as 'schemas']!),
  );
  expect(missing.map(([text]) => text)).toEqual([]);
});

test('every operation and every member says what it is', () => {
  const silent = operations.filter(
    ({ operation }) => operation.summary === '' || operation.description === '',
  );
  expect(silent.map(({ name }) => name)).toEqual([]);
  const mute: string[] = [];
  for (const [name, schema] of schemas()) {
    if (schema.description === undefined && name.includes('.') && !isGroup(schema)) mute.push(name);
  }
  expect(mute).toEqual([]);
});

test('every example fits its schema', () => {
  const wrong: string[] = [];
  let count = 0;
  for (const [name, schema] of schemas()) {
    for (const example of schema.examples ?? []) {
      count += 1;
      const root = { ...schema, components: document.components } as unknown as Schema;
      if (!new Validator(root, '2020-12').validate(example).valid)
        wrong.push(`${name}: ${JSON.stringify(example)}`);
    }
  }
  expect(count).toBeGreaterThan(300);
  expect(wrong).toEqual([]);
});

const isGroup = (schema: JsonSchema): boolean => schema.properties !== undefined;

/** Named schemas and all their members, by path. */
function* schemas(): Generator<[string, JsonSchema]> {
  for (const [name, schema] of Object.entries(document.components.schemas)) yield* within(name, schema);
}

function* within(name: string, schema: JsonSchema): Generator<[string, JsonSchema]> {
  yield [name, schema];
  for (const [key, member] of Object.entries(schema.properties ?? {})) {
    if (member.$ref === undefined) yield* within(`${name}.${key}`, member);
  }
}

test('what generators name after where it stands has a name of its own', () => {
  const pascal = (name: string) =>
    name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const names = Object.entries(document.components.schemas).flatMap(([name, { properties = {} }]) => [
    name,
    ...Object.entries(properties)
      .filter(([, { properties: inner, additionalProperties }]) => inner ?? additionalProperties)
      .map(([property]) => name + pascal(property)),
  ]);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('a request names only those values of an enum that it takes', () => {
  const body = document.components.schemas['CreateInvitationBody'];
  expect(body?.properties?.['role']?.enum).toEqual(['ADMIN', 'MEMBER', 'VIEWER']);
  expect(body?.required).toContain('role');
  expect(document.components.schemas['Member']?.properties?.['role']?.enum).toContain('OWNER');
});

test('a request has one member at most of those that exclude each other', () => {
  const { not } = document.components.schemas['ProductOutputInput'] ?? {};
  expect(not?.anyOf).toContainEqual({ required: ['text', 'secret_key'] });
  expect(document.components.schemas['ProductOutput']?.not).toBeUndefined();
});
