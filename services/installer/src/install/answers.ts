import { Validator, type OutputUnit, type Schema } from '@cfworker/json-schema';
import { DomainError } from '@cnap/errors';

type Problem = { field: string; description: string };

const maxBytes = 256 * 1024;

/** Refuses answers that do not fit a product's schema, naming each place. */
export function refuseBadAnswers(schema: Record<string, unknown>, answers: Record<string, unknown>): void {
  const fields = problemsOf(schema, answers);
  if (fields.length === 0) return;
  throw new DomainError('invalid-argument', 'INPUTS_INVALID', 'The inputs do not fit the product.', {
    fields,
  });
}

function problemsOf(schema: Record<string, unknown>, answers: Record<string, unknown>): Problem[] {
  if (Buffer.byteLength(JSON.stringify(answers)) > maxBytes) {
    return [{ field: 'inputs', description: 'are larger than 256 KiB' }];
  }
  const offered = new Set(Object.keys((schema['properties'] ?? {}) as object));
  const unknown = Object.keys(answers).filter((name) => !offered.has(name));
  const { errors } = new Validator(schema as Schema, '2020-12', false).validate(answers);
  const problems = [
    ...unknown.map((name) => ({ field: `inputs.${name}`, description: 'is not an input of this product' })),
    ...Object.entries(answers)
      // Helm would run it, where a chart puts values through `tpl`.
      .filter(([, value]) => JSON.stringify(value).includes('{{'))
      .map(([name]) => ({ field: `inputs.${name}`, description: 'must not contain "{{"' })),
    ...errors.filter(({ keyword }) => !containers.has(keyword)).map(problemOf),
  ];
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

// These only say that something below them is wrong.
const containers = new Set(
  'properties patternProperties additionalProperties unevaluatedProperties items prefixItems allOf $ref false'.split(
    ' ',
  ),
);

/** `#/app/title` is `inputs.app.title`; a missing property is named itself. */
function problemOf({ instanceLocation, keyword, error }: OutputUnit): Problem {
  const path = instanceLocation
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'));
  const missing = keyword === 'required' ? /required property "(.+?)"/.exec(error)?.[1] : undefined;
  return {
    field: ['inputs', ...path, ...(missing === undefined ? [] : [missing])].join('.'),
    description: missing === undefined ? error : 'is required',
  };
}
