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

/** The values of an install's Secrets, as they may turn up elsewhere: longest first. */
export function secretWords(objects: readonly KubeObject[]): string[] {
  const words = new Set<string>();
  const add = (word: string) => {
    if (word.length >= shortest) words.add(word);
  };
  for (const object of objects) {
    if (object.kind !== 'Secret') continue;
    for (const value of Object.values((object['stringData'] ?? {}) as Fields)) add(String(value));
    for (const value of Object.values((object['data'] ?? {}) as Fields)) {
      add(String(value));
      add(Buffer.from(String(value), 'base64').toString());
    }
  }
  return [...words].toSorted((a, b) => b.length - a.length);
}

/** Text without the words. */
export const maskText = (text: string, words: readonly string[]): string =>
  words.reduce((left, word) => left.replaceAll(word, masked), text);

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
