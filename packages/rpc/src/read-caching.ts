import { hash } from 'node:crypto';
import { getOption, type DescMessage, type DescMethod } from '@bufbuild/protobuf';
import * as options from '@cnap/proto/cnap/options/v1/options';
import { isReadOnly } from './access.ts';

/** What an answer that nobody may keep says: an error, the answer to anything but a read. */
export const notKept = 'no-store';

/** The headers of a request that the answer to a read depends on. */
export const readVary = 'accept-encoding, authorization, cookie, x-workspace-id';

/**
 * The header `Cache-Control` of a GET that went well.
 *
 * What a public read answers to nobody in particular, caches may keep for as long as its descriptor says. Any other
 * answer is the caller's own: a browser may keep it, but must ask with its ETag each time (`no-cache`), because roles
 * and credentials are taken away at any moment and what is read has mostly changed; a cache on the way must not keep it
 * (`private`). An answer with a secret in it, or to a question with one in it, is not written down anywhere.
 */
export function cacheControlOf(method: DescMethod, anonymous: boolean): string {
  if (!isReadOnly(method) || knowsSecrets(method)) return notKept;
  const seconds = getOption(method, options.public_max_age_seconds);
  return anonymous && seconds > 0 ? `public, max-age=${seconds}` : 'private, no-cache';
}

/** A strong ETag: the same for the same bytes. */
export const etagOf = (content: string | Uint8Array): string =>
  `"${hash('sha256', content, 'base64url').slice(0, 27)}"`;

/** Whether a client that sends `If-None-Match` has what `etag` names; compared weakly (RFC 9110, 13.1.2). */
export function hasAlready(ifNoneMatch: string | null | undefined, etag: string): boolean {
  if (ifNoneMatch === null || ifNoneMatch === undefined) return false;
  const opaque = withoutWeakness(etag);
  return ifNoneMatch.split(',').some((one) => withoutWeakness(one.trim()) === opaque);
}

const withoutWeakness = (etag: string): string => etag.replace(/^W\//, '');

const known = new WeakMap<DescMethod, boolean>();

/** Whether a secret is in the request or in the answer of a method, as the descriptors of their fields say. */
export function knowsSecrets(method: DescMethod): boolean {
  let secrets = known.get(method);
  if (secrets === undefined) {
    secrets = [method.input, method.output].some((message) => hasSecret(message, new Set()));
    known.set(method, secrets);
  }
  return secrets;
}

function hasSecret(message: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(message)) return false;
  seen.add(message);
  return message.fields.some(
    (field) =>
      getOption(field, options.sensitive) || (field.message !== undefined && hasSecret(field.message, seen)),
  );
}
