import { DomainError, type FieldViolation } from '@cnap/errors';

/**
 * Turns what Helm prints when it fails into an error a person can act on: `CHART_VALUES_INVALID` with a field per
 * complaint of values.schema.json, else `CHART_RENDER_FAILED` with `template` and `line` in its metadata.
 */
export function failureOf(errors: string): DomainError {
  const text = errors
    .split('\n')
    .filter(
      (line) =>
        !/^(WARNING|level=|time=|\d{4}\/\d\d\/\d\d )/.test(line) && !line.includes('Use --debug flag'),
    )
    .join('\n')
    .replace(/^Error: /, '')
    .trim();
  if (text.includes("values don't meet the specifications of the schema")) return schemaFailure(text);
  const place =
    /(?:^|[\s(])([\w.-]+\/[^\s:()]+):(\d+)(?::\d+)?/.exec(text) ?? /error on ([^\s:]+): /.exec(text);
  const reason = innermost(text);
  const where = place ? `${place[1]}${place[2] === undefined ? '' : ` line ${place[2]}`}: ` : '';
  return new DomainError(
    'invalid-argument',
    'CHART_RENDER_FAILED',
    `The chart does not render: ${where}${reason}`,
    {
      metadata: {
        ...(place?.[1] === undefined ? {} : { template: place[1] }),
        ...(place?.[2] === undefined ? {} : { line: place[2] }),
      },
    },
  );
}

function schemaFailure(text: string): DomainError {
  const fields: FieldViolation[] = [];
  let chart = '';
  for (const line of text.split('\n').slice(1)) {
    const named = /^([\w.-]+):$/.exec(line.trim());
    if (named) chart = named[1] ?? '';
    const complaint = /^\s*- (?:at '([^']*)': )?(.*)$/.exec(line);
    if (complaint) {
      const path = (complaint[1] ?? '')
        .split('/')
        .filter((part) => part !== '')
        .join('.');
      fields.push({ field: path === '' ? 'values' : `values.${path}`, description: complaint[2] ?? '' });
    }
  }
  const shown = fields.slice(0, 5).map(({ field, description }) => `${field}: ${description}`);
  return new DomainError(
    'invalid-argument',
    'CHART_VALUES_INVALID',
    `The values do not fit the chart's schema: ${shown.join('; ') || text}`,
    { fields, metadata: chart === '' ? {} : { chart } },
  );
}

/** Helm nests its reasons: `template: …: executing … at <…>: error calling include: template: …: the reason`. */
function innermost(text: string): string {
  const flat = text.replace(/\s*\n\s*/g, ' ');
  const execution = /^execution error at \([^)]*\): (.*)$/.exec(flat)?.[1];
  if (execution !== undefined) return execution;
  const parts = flat.split(/executing "[^"]*" at (?=<)/);
  const last = parts.at(-1) ?? flat;
  return last
    .replace(/^<(.*?)>: /, '<$1>: ')
    .replace(/^template: \S+ /, '')
    .slice(0, 1000);
}
