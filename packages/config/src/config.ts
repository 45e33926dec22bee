import { z } from 'zod';
import { layersOf, metaOf } from './fields.ts';

/** Every problem of an environment, one line each: `CNAP_PORT: must be a port number`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads the settings of `shape`, whose keys are environment names, from `env`. An empty variable counts as
 * not set, as compose files pass unset variables on empty.
 * @throws ConfigError that names every problem at once and never shows a value.
 */
export function loadConfig<S extends z.ZodRawShape>(
  shape: S,
  env: NodeJS.ProcessEnv = process.env,
): z.infer<z.ZodObject<S>> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(shape)) {
    const value = env[name]?.trim();
    if (value !== undefined && value !== '') given[name] = value;
  }
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? 'configuration');
      return `${name}: ${problemOf(issue, given[name])}`;
    }),
  );
}

function problemOf(issue: z.core.$ZodIssue, value: string | undefined): string {
  if (value === undefined) return 'is not set';
  // A message of a schema's own may quote the value, and any value may be a secret in the wrong place.
  return issue.message.includes(value) && value.length > 3 ? 'is not valid' : issue.message;
}

/** One setting, for the reference pages and for the check of the compose files. */
export type SettingDescription = {
  name: string;
  required: boolean;
  secret: boolean;
  /** `port`, `url`, `duration`, `flag`, `list` or `text`. */
  kind: string;
  /** From the schema's `describe()`. */
  description: string;
  /** The text that stands for the default; absent where there is none or where it is a secret. */
  defaultValue?: string;
};

/** Describes each setting of a shape, in the order of its keys. */
export function describeConfig(shape: z.ZodRawShape): SettingDescription[] {
  return Object.entries(shape).map(([name, field]) => {
    const schema = field as z.ZodType;
    const meta = metaOf(schema);
    const unset = schema.safeParse(undefined);
    const secret = meta.secret ?? false;
    return {
      name,
      required: !unset.success,
      secret,
      kind: meta.kind ?? 'text',
      description: [...layersOf(schema)].find((layer) => layer.description !== undefined)?.description ?? '',
      ...(unset.success && unset.data !== undefined && !secret ? { defaultValue: textOf(unset.data) } : {}),
    };
  });
}

const textOf = (value: unknown): string =>
  Array.isArray(value) ? value.join(',') : typeof value === 'object' ? JSON.stringify(value) : String(value);
