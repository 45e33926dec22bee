import { typeidUnboxed } from 'typeid-js';

/** The kinds of ids of the platform; what each stands for is in {@link idPrefixes}. */
export type IdPrefix = keyof typeof idPrefixes;

/** Every prefix with the resource it names. */
export const idPrefixes = {
  usr: 'user',
  ws: 'workspace',
  reg: 'region',
  clu: 'cluster',
  wrk: 'worker',
  jt: 'join token',
  tpl: 'template',
  src: 'source',
  pkg: 'package',
  prd: 'product',
  ord: 'order',
  ins: 'install',
  rel: 'release',
  shl: 'shell',
  inv: 'invitation',
  mail: 'e-mail',
  tok: 'access token',
  ses: 'session',
  evt: 'event',
  req: 'request',
  key: 'key',
  aud: 'audit entry',
} as const;

/** A new TypeID: the prefix and a UUIDv7, so ids of one kind sort by the time they were made (milliseconds). */
export function newId(prefix: IdPrefix): string {
  return typeidUnboxed(prefix);
}

// 128 bits in base32 (Crockford, lower case): the first of 26 characters holds three bits only.
const suffix = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Whether `value` has exactly the form of an id of this kind; says nothing about its existence. */
export function isId(prefix: IdPrefix, value: string): boolean {
  return value.startsWith(`${prefix}_`) && suffix.test(value.slice(prefix.length + 1));
}

/** The last 12 characters: 60 random bits, fit for names that have a length limit, such as namespaces. */
export function shortId(id: string): string {
  return id.slice(-12);
}
