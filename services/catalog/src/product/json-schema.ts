// Sellers' JSON Schemas come from strangers: they are interpreted, never compiled to code.
import { Validator, type Schema } from '@cfworker/json-schema';
import { messageOf } from '@cnap/errors';
import type { JsonObject } from '../database.ts';

const schemas = { type: 'array', minItems: 1, items: { $ref: '#' } };
const schemaMap = { type: 'object', additionalProperties: { $ref: '#' } };
const strings = { type: 'array', uniqueItems: true, items: { type: 'string' } };
const count = { type: 'integer', minimum: 0 };
const types = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'];

/** https://json-schema.org/draft/2020-12/schema in one piece, as the published one needs `$dynamicRef`. */
const metaSchema = {
  type: ['object', 'boolean'],
  properties: {
    $schema: { const: 'https://json-schema.org/draft/2020-12/schema' },
    $ref: { type: 'string', pattern: '^#' }, // nothing is fetched
    $dynamicRef: false,
    $id: false,
    $defs: schemaMap,
    title: { type: 'string', maxLength: 200 },
    description: { type: 'string', maxLength: 2000 },
    examples: { type: 'array' },
    type: {
      anyOf: [{ enum: types }, { type: 'array', minItems: 1, uniqueItems: true, items: { enum: types } }],
    },
    enum: { type: 'array' },
    multipleOf: { type: 'number', exclusiveMinimum: 0 },
    maximum: { type: 'number' },
    exclusiveMaximum: { type: 'number' },
    minimum: { type: 'number' },
    exclusiveMinimum: { type: 'number' },
    maxLength: count,
    minLength: count,
    pattern: { type: 'string', maxLength: 500 },
    format: { type: 'string' },
    maxItems: count,
    minItems: count,
    uniqueItems: { type: 'boolean' },
    maxContains: count,
    minContains: count,
    maxProperties: count,
    minProperties: count,
    required: strings,
    dependentRequired: { type: 'object', additionalProperties: strings },
    allOf: schemas,
    anyOf: schemas,
    oneOf: schemas,
    not: { $ref: '#' },
    if: { $ref: '#' },
    then: { $ref: '#' }, // oxlint-disable-line no-thenable -- a keyword of JSON Schema
    else: { $ref: '#' },
    properties: schemaMap,
    patternProperties: { ...schemaMap, propertyNames: { maxLength: 500 } },
    additionalProperties: { $ref: '#' },
    propertyNames: { $ref: '#' },
    dependentSchemas: schemaMap,
    prefixItems: schemas,
    items: { $ref: '#' },
    contains: { $ref: '#' },
    unevaluatedItems: { $ref: '#' },
    unevaluatedProperties: { $ref: '#' },
    readOnly: { type: 'boolean' },
    writeOnly: { type: 'boolean' },
    deprecated: { type: 'boolean' },
  },
};

const meta = new Validator(metaSchema as Schema, '2020-12', false);
const maxLength = 64 * 1024;
const maxDepth = 20;

/** What is wrong with a JSON Schema of a value; undefined when it can be used. */
export function schemaProblem(schema: JsonObject): string | undefined {
  if (JSON.stringify(schema).length > maxLength)
    return `must not be larger than ${maxLength / 1024} KiB as JSON`;
  if (depthOf(schema) > maxDepth) return `must not be nested deeper than ${maxDepth}`;
  const { valid, errors } = meta.validate(schema);
  if (!valid) {
    const last = errors.at(-1);
    return `is not a JSON Schema (2020-12): ${last?.instanceLocation ?? '#'}: ${last?.error ?? 'not valid'}`;
  }
  const pattern = patternsIn(schema).find((text) => !isPattern(text));
  if (pattern !== undefined) return `has a pattern that is no regular expression: ${pattern}`;
  try {
    const validator = new Validator(structuredClone(schema) as Schema, '2020-12', false);
    validator.validate('');
    if (!Object.hasOwn(schema, 'default')) return undefined;
    const result = validator.validate(schema['default']);
    return result.valid ? undefined : `does not admit its own default: ${result.errors.at(-1)?.error ?? ''}`;
  } catch (error) {
    return `cannot be used: ${messageOf(error)}`;
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce((deepest: number, inner) => Math.max(deepest, depthOf(inner)), 0);
}

function patternsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => [
    ...(key === 'pattern' && typeof inner === 'string' ? [inner] : []),
    ...(key === 'patternProperties' && typeof inner === 'object' && inner !== null ? Object.keys(inner) : []),
    ...patternsIn(inner),
  ]);
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}
