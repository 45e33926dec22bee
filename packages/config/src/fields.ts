import { z } from 'zod';

/** What {@link describeConfig} needs to know of a field that its zod type does not tell. */
type FieldMeta = { secret?: boolean; kind?: string };

// A registry and not a map: zod copies a schema on `describe()`, and a registry follows the copy to its parent.
const fieldMeta = z.registry<FieldMeta>();

const withMeta = <T extends z.ZodType>(schema: T, meta: FieldMeta): T => {
  fieldMeta.add(schema, meta);
  return schema;
};

/** A schema and what it wraps, from outside to inside: `optional()`, `default()` and the like. */
export function* layersOf(schema: z.ZodType): Generator<z.ZodType> {
  for (let current: unknown = schema; current instanceof z.ZodType;) {
    yield current;
    current = Reflect.get(current.def, 'innerType') ?? Reflect.get(current.def, 'in');
  }
}

/** The meta data of a field. */
export function metaOf(schema: z.ZodType): FieldMeta {
  for (const layer of layersOf(schema)) {
    const meta = fieldMeta.get(layer);
    if (meta !== undefined) return meta;
  }
  return {};
}

/** A TCP port, 0–65535; 0 lets the system choose one. */
export const port = () =>
  withMeta(
    z
      .string()
      .regex(/^\d{1,5}$/, 'must be a port number')
      .transform(Number)
      .refine((value) => value <= 65_535, 'must be a port between 0 and 65535'),
    { kind: 'port' },
  );

/** A URL of one of the protocols (default `http` and `https`), without a slash at its end. */
export const url = (...protocols: string[]) => {
  const allowed = protocols.length > 0 ? protocols : ['http', 'https'];
  return withMeta(
    z
      .string()
      .refine(
        (text) => URL.canParse(text) && allowed.includes(new URL(text).protocol.slice(0, -1)),
        `must be a URL that starts with ${allowed.map((name) => `${name}://`).join(' or ')}`,
      )
      .transform((text) => text.replace(/\/+$/, '')),
    // A URL of a database or a queue carries a password.
    { kind: 'url', secret: !allowed.some((name) => name.startsWith('http')) },
  );
};

/** Text that is never shown: not in errors, not in documents. */
export const secretText = (minLength = 1) =>
  withMeta(z.string().min(minLength, `must have at least ${minLength} characters`), {
    kind: 'text',
    secret: true,
  });

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `500ms`, `5s`, `30m`, `24h`, `14d`, in milliseconds; a number needs its unit. */
export const durationMs = () =>
  withMeta(
    z
      .string()
      .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'must be a duration such as 500ms, 5s, 30m, 24h or 14d')
      .transform((text) => {
        const unit = /[a-z]+$/.exec(text)?.[0] ?? 'ms';
        return Number(text.slice(0, -unit.length)) * (unitMs[unit] ?? 1);
      }),
    { kind: 'duration' },
  );

/** `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`. */
export const flag = () =>
  withMeta(
    z
      .string()
      .refine((text) => /^(true|1|yes|on|false|0|no|off)$/i.test(text), 'must be true or false')
      .transform((text) => /^(true|1|yes|on)$/i.test(text)),
    { kind: 'flag' },
  );

/** Texts separated by commas; spaces around them do not count, empty ones are left out. */
export const list = () =>
  withMeta(
    z.string().transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
    { kind: 'list' },
  );
