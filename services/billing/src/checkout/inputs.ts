import { createContext, runInContext } from 'node:vm';
import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';
import type { Struct } from './struct.ts';

/** One complaint about the buyer's answers; `field` is such as `inputs.title`. */
export type InputProblem = { field: string; description: string };

const maxBytes = 256 * 1_024;
/** A seller's pattern may backtrack without end; the buyer's checkout must not wait for it. */
const validationMs = 500;

/** Checks answers against a seller's JSON Schema (2020-12). Pure but for its time limit. */
export function checkInputs(schema: Struct | undefined, inputs: Struct): InputProblem[] {
  if (Buffer.byteLength(JSON.stringify(inputs)) > maxBytes) {
    return [{ field: 'inputs', description: 'are larger than 256 KiB' }];
  }
  const offered = propertiesOf(schema);
  const unknown = Object.keys(inputs)
    .filter((name) => !Object.hasOwn(offered, name))
    .map((name) => ({ field: `inputs.${name}`, description: 'is not an input of this product' }));
  return [...unknown, ...templatesIn(inputs, 'inputs'), ...violations(schema, inputs)];
}

function propertiesOf(schema: Struct | undefined): object {
  const properties = schema?.['properties'];
  return typeof properties === 'object' && properties !== null ? properties : {};
}

/** Helm would run it: https://helm.sh/docs/chart_template_guide/ (`tpl`). */
function templatesIn(value: unknown, field: string): InputProblem[] {
  if (typeof value === 'string') {
    return value.includes('{{') ? [{ field, description: 'must not contain "{{"' }] : [];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => templatesIn(item, `${field}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => [
    ...(name.includes('{{') ? [{ field, description: 'has a key that contains "{{"' }] : []),
    ...templatesIn(item, `${field}.${name}`),
  ]);
}

function violations(schema: Struct | undefined, inputs: Struct): InputProblem[] {
  if (schema === undefined) return [];
  const validate = () => new Validator(schema as Schema, '2020-12', false).validate(inputs);
  let result: ReturnType<typeof validate>;
  try {
    result = runInContext('validate()', createContext({ validate }), {
      timeout: validationMs,
    }) as typeof result;
  } catch {
    return [{ field: 'inputs', description: 'cannot be checked: the seller’s input schema is not usable' }];
  }
  if (result.valid) return [];
  return leaves(result.errors).map((unit) => ({ field: fieldOf(unit), description: describe(unit) }));
}

// These only say that something below them is wrong.
const containers = new Set([
  'properties',
  'items',
  'prefixItems',
  'additionalProperties',
  'allOf',
  '$ref',
  '$dynamicRef',
  'patternProperties',
  'unevaluatedProperties',
]);

/** The errors that say what is wrong, one per field and reason. */
function leaves(errors: OutputUnit[]): OutputUnit[] {
  const specific = errors.filter(({ keyword }) => !containers.has(keyword));
  const chosen = specific.length > 0 ? specific : errors;
  const seen = new Set<string>();
  return chosen.filter((unit) => {
    const id = `${unit.instanceLocation} ${unit.error}`;
    return seen.has(id) ? false : seen.add(id);
  });
}

/** `#/app/title` is `inputs.app.title`; a missing property is named itself. */
function fieldOf({ instanceLocation, keyword, error }: OutputUnit): string {
  const segments = instanceLocation.split('/').slice(1).map(unescapePointer);
  const missing = keyword === 'required' ? /required property "(.+?)"/.exec(error)?.[1] : undefined;
  return ['inputs', ...segments, ...(missing === undefined ? [] : [missing])].join('.');
}

const unescapePointer = (segment: string): string =>
  decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~');

const describe = ({ keyword, error }: OutputUnit): string =>
  keyword === 'required' ? 'is required' : error.replace(/^Instance /, '').replace(/\.$/, '');
