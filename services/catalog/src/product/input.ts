// The values of a product that are filled at checkout or by the platform.
import { DomainError } from '@cnap/errors';
import type { JsonObject, ProductInput, ProductOutput } from '../database.ts';
import { schemaProblem } from './json-schema.ts';

/** @throws DomainError invalid-argument INPUT_INVALID naming the field */
export function checkInputs(inputs: ProductInput[], aliases: string[]): void {
  const names = new Set<string>();
  const targets: { alias: string; path: string; name: string }[] = [];
  for (const [index, input] of inputs.entries()) {
    const field = `inputs[${index}]`;
    if (names.has(input.name)) throw inputInvalid(`${field}.name`, `"${input.name}" is there twice`);
    names.add(input.name);
    const alias = aliasOf(input, aliases, field);
    const pathProblem = problemOfPath(input.path);
    if (pathProblem !== undefined) throw inputInvalid(`${field}.path`, pathProblem);
    const other = targets.find((one) => one.alias === alias && overlap(one.path, input.path));
    if (other !== undefined)
      throw inputInvalid(`${field}.path`, `lands where the input "${other.name}" lands`);
    targets.push({ alias, path: input.path, name: input.name });
    const problem = schemaProblem(input.schema);
    if (problem !== undefined) throw inputInvalid(`${field}.schema`, problem);
  }
}

function aliasOf({ sourceAlias }: ProductInput, aliases: string[], field: string): string {
  const [only] = aliases;
  if (sourceAlias === '' && aliases.length === 1 && only !== undefined) return only;
  if (sourceAlias === '') {
    throw inputInvalid(`${field}.source_alias`, `must name one of the sources: ${aliases.join(', ')}`);
  }
  if (!aliases.includes(sourceAlias)) {
    throw inputInvalid(
      `${field}.source_alias`,
      `there is no source "${sourceAlias}"; there are ${aliases.join(', ')}`,
    );
  }
  return sourceAlias;
}

const maxPathKeys = 20;

function problemOfPath(path: string): string | undefined {
  const keys = path.split('.');
  if (keys.length > maxPathKeys) return `must not have more than ${maxPathKeys} keys`;
  if (keys.some((key) => !/^[^\s[\]{}]{1,253}$/u.test(key)))
    return 'must be keys separated by ".", such as "app.title"';
  // They mean something else to JavaScript than to Helm.
  if (keys.some((key) => ['__proto__', 'constructor', 'prototype'].includes(key)))
    return 'has a key that is not allowed';
  return undefined;
}

const overlap = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);

/** The JSON Schema of what a buyer answers: inputs that the platform fills are not in it. */
export function buyerSchema(inputs: ProductInput[]): JsonObject {
  const asked = inputs.filter(({ fill }) => fill === 'buyer');
  const properties = asked.map((input, index) => [
    input.name,
    {
      ...input.schema,
      'x-order': index,
      ...(input.group === '' ? {} : { 'x-group': input.group }),
      ...(input.secret ? { writeOnly: true } : {}),
    },
  ]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: Object.fromEntries(properties),
    required: asked.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

/** @throws DomainError invalid-argument INPUT_INVALID naming the field */
export function checkValues(values: JsonObject, aliases: string[]): void {
  for (const [alias, value] of Object.entries(values)) {
    if (!aliases.includes(alias)) {
      throw inputInvalid(`values.${alias}`, `there is no source "${alias}"; there are ${aliases.join(', ')}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw inputInvalid(`values.${alias}`, 'must be an object');
    }
  }
}

/** @throws DomainError invalid-argument INPUT_INVALID naming the field */
export function checkOutputs(outputs: ProductOutput[], inputs: ProductInput[]): void {
  const known = new Set(['host', 'namespace', ...inputs.map(({ name }) => `inputs.${name}`)]);
  for (const [index, { from }] of outputs.entries()) {
    if (from.case === 'secretKey') {
      if (!/^[^/\s]{1,253}\/[-._a-zA-Z0-9]{1,253}$/.test(from.value)) {
        throw inputInvalid(
          `outputs[${index}].secret_key`,
          'must be the name of a Secret and a key, as "name/key"',
        );
      }
      continue;
    }
    for (const [, name = ''] of from.value.matchAll(/\{\{\s*([^{}]*?)\s*\}\}/g)) {
      if (!known.has(name)) {
        throw inputInvalid(
          `outputs[${index}].text`,
          `{{${name}}} is not known; there are ${[...known].join(', ')}`,
        );
      }
    }
  }
}

const inputInvalid = (field: string, description: string): DomainError =>
  new DomainError('invalid-argument', 'INPUT_INVALID', `${field}: ${description}.`, {
    fields: [{ field, description }],
  });
