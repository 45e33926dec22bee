import { invalidRequest, unknownParameters } from './errors.ts';
import type { FormMap, FormValue } from './form.ts';

/** Reads one parameter; `path` is its name as the caller wrote it: `items[0][price]`. */
export interface Field<T> {
  parse(value: FormValue, path: string): T;
  readonly required?: boolean;
}
export type Shape = Record<string, Field<unknown>>;
type Out<F> = F extends Field<infer T> ? T : never;
type RequiredKeys<S> = { [K in keyof S]: S[K] extends { required: true } ? K : never }[keyof S];
export type Parsed<S> = { [K in RequiredKeys<S>]: Out<S[K]> } & {
  [K in Exclude<keyof S, RequiredKeys<S>>]?: Out<S[K]> | undefined;
};

export const required = <T>(field: Field<T>): Field<T> & { required: true } => ({ ...field, required: true });

export const text = (maxLength = 5000): Field<string> => ({
  parse(value, path) {
    if (typeof value !== 'string') throw invalidRequest('Invalid string', path);
    if (value === '') {
      throw invalidRequest(
        `You passed an empty string for '${path}'. We assume empty values are an attempt to unset a parameter; however '${path}' cannot be unset.`,
        path,
        'parameter_invalid_empty',
      );
    }
    if (value.length > maxLength) {
      throw invalidRequest(`Invalid string: must be at most ${maxLength} characters`, path);
    }
    return value;
  },
});

export const integer = ({ min = 0, max = 99_999_999_999 } = {}): Field<number> => ({
  parse(value, path) {
    if (typeof value !== 'string' || !/^-?\d{1,15}$/.test(value)) {
      throw invalidRequest(`Invalid integer: ${String(value)}`, path, 'parameter_invalid_integer');
    }
    const number = Number(value);
    if (number < min) {
      throw invalidRequest(
        `This value must be greater than or equal to ${min}.`,
        path,
        'parameter_invalid_integer',
      );
    }
    if (number > max) {
      throw invalidRequest(
        `This value must be less than or equal to ${max}.`,
        path,
        'parameter_invalid_integer',
      );
    }
    return number;
  },
});

export const percentage: Field<number> = {
  parse(value, path) {
    const number =
      typeof value === 'string' && /^\d{1,3}(\.\d{1,2})?$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= 0 && number <= 100)) {
      throw invalidRequest(
        'Invalid decimal: must be between 0 and 100 with at most two decimal places',
        path,
      );
    }
    return number;
  },
};

export const boolean: Field<boolean> = {
  parse(value, path) {
    if (value !== 'true' && value !== 'false')
      throw invalidRequest(`Invalid boolean: ${String(value)}`, path);
    return value === 'true';
  },
};

export const oneOf = <const V extends string>(...values: V[]): Field<V> => ({
  parse(value, path) {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) {
      throw invalidRequest(`Invalid ${path}: must be one of ${values.join(', ')}`, path);
    }
    return found;
  },
});

export const url: Field<string> = {
  parse(value, path) {
    if (typeof value === 'string' && value.length <= 5000) {
      const parsed = URL.parse(value.replaceAll('{CHECKOUT_SESSION_ID}', 'id'));
      if (parsed && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return value;
    }
    throw invalidRequest('Not a valid URL', path, 'url_invalid');
  },
};

/** An empty value unsets the parameter. */
export const unsettable = <T>(field: Field<T>): Field<T | null> => ({
  parse: (value, path) => (value === '' ? null : field.parse(value, path)),
});

export const list = <T>(field: Field<T>): Field<T[]> => ({
  parse(value, path) {
    if (value === '') return [];
    if (typeof value === 'string') throw invalidRequest('Invalid array', path);
    return Object.entries(value).map(([key, item]) => {
      if (!/^\d{1,4}$/.test(key)) throw invalidRequest('Invalid array', path);
      return field.parse(item, `${path}[${key}]`);
    });
  },
});

export const record = <S extends Shape>(shape: S): Field<Parsed<S>> => ({
  parse(value, path) {
    if (typeof value === 'string') throw invalidRequest('Invalid object', path);
    return parseParams(shape, value, path);
  },
});

/** Metadata: a null value removes the key (https://docs.stripe.com/api/metadata). */
export const metadata: Field<Record<string, string | null>> = {
  parse(value, path) {
    if (value === '') return {};
    if (typeof value === 'string') throw invalidRequest('Invalid object', path);
    const entries = Object.entries(value);
    if (entries.length > 50) throw invalidRequest('Metadata can have at most 50 keys', path);
    return Object.fromEntries(
      entries.map(([key, item]) => {
        if (typeof item !== 'string') throw invalidRequest('Invalid string', `${path}[${key}]`);
        if (key.length > 40) {
          throw invalidRequest(`Metadata keys can be at most 40 characters: ${key}`, path);
        }
        if (item.length > 500) {
          throw invalidRequest(`Metadata values can be at most 500 characters: ${key}`, path);
        }
        return [key, item === '' ? null : item];
      }),
    );
  },
};

/** `created=1` or `created[gte]=1&created[lt]=2`. */
export const range: Field<(value: number) => boolean> = {
  parse(value, path) {
    if (typeof value === 'string') {
      const exact = integer().parse(value, path);
      return (candidate) => candidate === exact;
    }
    const bounds = parseParams({ gt: integer(), gte: integer(), lt: integer(), lte: integer() }, value, path);
    return (candidate) =>
      !(bounds.gt !== undefined && candidate <= bounds.gt) &&
      !(bounds.gte !== undefined && candidate < bounds.gte) &&
      !(bounds.lt !== undefined && candidate >= bounds.lt) &&
      !(bounds.lte !== undefined && candidate > bounds.lte);
  },
};

/** Refuses what the shape does not name: an unknown parameter is never ignored. */
export function parseParams<S extends Shape>(shape: S, form: FormMap, path = ''): Parsed<S> {
  const nameOf = (key: string): string => (path ? `${path}[${key}]` : key);
  const unknown = Object.keys(form).filter((key) => !Object.hasOwn(shape, key));
  if (unknown.length > 0) throw unknownParameters(unknown.map(nameOf));
  const result: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(shape)) {
    const value = form[key];
    if (value !== undefined) result[key] = field.parse(value, nameOf(key));
    else if (field.required) {
      throw invalidRequest(`Missing required param: ${nameOf(key)}.`, nameOf(key), 'parameter_missing');
    }
  }
  return result as Parsed<S>;
}

export function mergeMetadata(
  old: Record<string, string>,
  change: Record<string, string | null> | undefined,
): Record<string, string> {
  const merged: Record<string, string | null> = { ...old, ...change };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
