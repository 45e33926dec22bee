import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Schema {
  $ref?: string;
  type?: string;
  nullable?: boolean;
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  maxLength?: number;
}

export interface OpenApi {
  version: string;
  /** What is wrong with `value` as the schema of that name; none: []. */
  problems(schema: string, value: unknown): string[];
}

/** Reads Stripe's published description from a folder (spec3.json), with the part of OpenAPI 3.0 that it uses. */
export function openOpenApi(folder: string): OpenApi {
  const document = JSON.parse(readFileSync(join(folder, 'spec3.json'), 'utf8')) as {
    info: { version: string };
    components: { schemas: Record<string, Schema> };
  };
  const named = (name: string): Schema => {
    const schema = document.components.schemas[name];
    if (!schema) throw new Error(`the document has no schema ${name}`);
    return schema;
  };
  const check = (schema: Schema, value: unknown, path: string): string[] => {
    if (schema.$ref) return check(named(schema.$ref.split('/').at(-1) ?? ''), value, path);
    if (value === null) return schema.nullable ? [] : [`${path}: null is not allowed`];
    if (schema.anyOf) return checkAny(schema.anyOf, value, path);
    return [...checkType(schema, value, path), ...checkEnum(schema, value, path)];
  };
  const checkAny = (choices: Schema[], value: unknown, path: string): string[] => {
    const results = choices.map((choice) => check(choice, value, path));
    // The one with the fewest problems is the one that was meant.
    return results.toSorted((a, b) => a.length - b.length)[0] ?? [];
  };
  const checkEnum = (schema: Schema, value: unknown, path: string): string[] =>
    schema.enum && !schema.enum.includes(value)
      ? [`${path}: ${JSON.stringify(value)} is not in the enum`]
      : [];
  const checkType = (schema: Schema, value: unknown, path: string): string[] => {
    switch (schema.type) {
      case 'object':
        return typeof value === 'object' && !Array.isArray(value)
          ? checkObject(schema, value as Record<string, unknown>, path)
          : [`${path}: not an object`];
      case 'array':
        return Array.isArray(value)
          ? value.flatMap((item, position) => check(schema.items ?? {}, item, `${path}[${position}]`))
          : [`${path}: not an array`];
      case 'string':
        if (typeof value !== 'string') return [`${path}: not a string`];
        return value.length > (schema.maxLength ?? Infinity) ? [`${path}: too long`] : [];
      case 'integer':
        return Number.isInteger(value) ? [] : [`${path}: not an integer`];
      case 'number':
        return typeof value === 'number' ? [] : [`${path}: not a number`];
      case 'boolean':
        return typeof value === 'boolean' ? [] : [`${path}: not a boolean`];
      default:
        return [];
    }
  };
  const checkObject = (schema: Schema, value: Record<string, unknown>, path: string): string[] => {
    const missing = (schema.required ?? []).filter((field) => value[field] === undefined);
    const problems = missing.map((field) => `${path}.${field}: missing`);
    for (const [field, item] of Object.entries(value)) {
      if (item === undefined) continue;
      const known = schema.properties?.[field];
      if (known) problems.push(...check(known, item, `${path}.${field}`));
      else if (typeof schema.additionalProperties === 'object') {
        problems.push(...check(schema.additionalProperties, item, `${path}.${field}`));
      } else if (schema.properties && schema.additionalProperties !== true) {
        problems.push(`${path}.${field}: not in the schema`);
      }
    }
    return problems;
  };
  return {
    version: document.info.version,
    problems: (schema, value) => check(named(schema), value, schema),
  };
}
