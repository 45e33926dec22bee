import type { JsonObject } from '../../database.ts';

/**
 * The chart's values with the source's on top, as Helm merges them: objects by key, anything else replaced, `null`
 * removes a key.
 */
export function mergedValues(chart: JsonObject, own: JsonObject): JsonObject {
  return plainJson(merge(chart, own)) as JsonObject;
}

function merge(below: JsonObject, above: JsonObject): JsonObject {
  const merged = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) {
    const under = merged.get(key);
    if (value === null) merged.delete(key);
    else merged.set(key, isObject(value) && isObject(under) ? merge(under, value) : value);
  }
  return Object.fromEntries(merged);
}

/** YAML knows numbers that JSON does not, and Postgres stores no U+0000. */
const plainJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('\\u0000', ''));

const maxSchemaLength = 1024 * 1024;

/** The chart's own schema, or one derived from its values. */
export function schemaOf(own: JsonObject | undefined, values: JsonObject): JsonObject {
  const schema = own ?? derived(values);
  return JSON.stringify(schema).length > maxSchemaLength
    ? { type: 'object' }
    : (plainJson(schema) as JsonObject);
}

function derived(value: unknown): JsonObject {
  if (isObject(value)) {
    const properties = Object.entries(value).map(([key, inner]) => [key, derived(inner)]);
    return { type: 'object', properties: Object.fromEntries(properties) };
  }
  if (value === null) return {}; // anything may stand there
  return { type: Array.isArray(value) ? 'array' : typeof value, default: value };
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
