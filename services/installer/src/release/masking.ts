import type { KubeObject } from '@cnap/kubernetes';

/** Stands where a secret was. */
export const masked = '(secret)';

/** What is shorter would blot out ordinary words. */
const shortest = 6;
const looksSecret =
  /pass(word|phrase|wd)?$|password|secret|token|credential|(api|access|private|signing|encryption)[-_.]?key|htpasswd|dsn$/i;
/** Where a secret is, not what it is. */
const namesSecret = /(name|ref|class|type|path|url|mode|seconds|policy)$/i;

export const isSecretName = (name: string): boolean => looksSecret.test(name) && !namesSecret.test(name);

type Fields = Record<string, unknown>;

/** Keys of Secrets that rarely hold one, such as a database's name, which is an ordinary word elsewhere. */
const holdsNone =
  /(^|[-_.]|[a-z])(user(name)?|host(name)?|port|database|db(name)?|name|type|email|namespace|engine)$/i;
/** `password = …`, `"token": "…"`, and the password of an address. */
const assigned = /([\w.-]+)["']?\s*[=:]\s*["']?([^\s"',;]+)/g;
const inAddress = /:\/\/[^\s:/@]*:([^\s@/]+)@/g;

/** The values of an install's Secrets, and more that is secret, as they may turn up elsewhere: longest first. */
export function secretWords(objects: readonly KubeObject[], more: readonly unknown[] = []): string[] {
  const words = new Set<string>();
  const add = (word: string) => {
    if (word.length >= shortest) words.add(word);
  };
  const addValue = (name: string, value: string) => {
    if (holdsNone.test(name) && /^[\w.@-]*$/.test(value)) return;
    add(value);
    // A file in a Secret: what is secret in it may turn up alone.
    for (const [, key = '', part = ''] of value.matchAll(assigned)) if (isSecretName(key)) add(part);
    for (const [, part = ''] of value.matchAll(inAddress)) add(part);
  };
  for (const value of more) if (typeof value === 'string' || typeof value === 'number') add(String(value));
  for (const object of objects) {
    if (object.kind !== 'Secret') continue;
    for (const [name, value] of Object.entries((object['stringData'] ?? {}) as Fields)) {
      addValue(name, String(value));
    }
    for (const [name, value] of Object.entries((object['data'] ?? {}) as Fields)) {
      const text = Buffer.from(String(value), 'base64').toString();
      addValue(name, text);
      if (words.has(text)) add(String(value));
    }
  }
  const packed = [...words].map((word) => Buffer.from(word).toString('base64'));
  for (const word of packed) add(word);
  return [...words].toSorted((a, b) => b.length - a.length);
}

/** Text without the words. */
export const maskText = (text: string, words: readonly string[]): string =>
  words.reduce((left, word) => left.replaceAll(word, masked), text);

/** What others wrote, such as a log: without the words, and without what looks like a secret where it stands. */
export const maskLoosely = (text: string, words: readonly string[]): string =>
  maskText(text, words)
    .replaceAll(inAddress, (found, part: string) => found.replace(`:${part}@`, `:${masked}@`))
    .replaceAll(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${masked}`)
    .replaceAll(assigned, (found, name: string, part: string) =>
      isSecretName(name) && !part.startsWith(masked)
        ? `${found.slice(0, found.length - part.length)}${masked}`
        : found,
    );

/**
 * An object, or a part of one, as it may be shown: without what Secrets hold, without values whose names tell that they
 * are secret (of fields, of entries of a list such as `env`), and without the words.
 */
export function maskObject<T>(kind: string, value: T, words: readonly string[]): T {
  return maskWithin(value, words, kind === 'Secret' ? 'secret object' : 'object') as T;
}

/** A value at a path of an object, as it may be shown. */
export function maskAt(kind: string, path: string, value: unknown, words: readonly string[]): unknown {
  if (value === undefined) return undefined;
  const inSecret = kind === 'Secret' && /^\.(data|stringData)\b/.test(path);
  const named = [...path.matchAll(/\.([\w-]+)|\["([^"]+)"\]|\[name=([^\]]+)\]/g)].map(
    ([, field, quoted, name]) => field ?? quoted ?? name ?? '',
  );
  const leaf = named.at(-1) === 'value' ? (named.at(-2) ?? '') : (named.at(-1) ?? '');
  if (inSecret || isSecretName(leaf)) return maskWithin(value, words, 'secret');
  return maskWithin(value, words, kind === 'Secret' && path === '' ? 'secret object' : 'object');
}

type Where = 'object' | 'secret object' | 'secret';

function maskWithin(value: unknown, words: readonly string[], where: Where): unknown {
  if (typeof value === 'string') return where === 'secret' ? masked : maskText(value, words);
  if (Array.isArray(value)) return value.map((item) => maskWithin(item, words, where));
  if (typeof value !== 'object' || value === null) {
    return where === 'secret' && typeof value === 'number' ? masked : value;
  }
  const fields = value as Fields;
  const isNamed = typeof fields['name'] === 'string' && isSecretName(fields['name']);
  return Object.fromEntries(
    Object.entries(fields).map(([name, item]) => [name, maskWithin(item, words, whereIn(name))]),
  );

  function whereIn(name: string): Where {
    if (where === 'secret') return 'secret';
    if (where === 'secret object' && (name === 'data' || name === 'stringData')) return 'secret';
    // Annotations in which tools keep the whole object.
    if (name.endsWith('last-applied-configuration')) return 'secret';
    if (isNamed && name === 'value') return 'secret';
    return isSecretName(name) && isLeaf(fields[name])
      ? 'secret'
      : where === 'secret object'
        ? where
        : 'object';
  }
}

const isLeaf = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';
