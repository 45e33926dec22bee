import type { IncomingHttpHeaders } from 'node:http';
import { DomainError } from '@cnap/errors';

/** The parts of a request that tell where a browser sent it from. */
type Sent = { method?: string | undefined; headers: IncomingHttpHeaders };

const sessionCookie = /(?:^|;\s*)cnap\.session_token=([^;]*)/;
const secureSessionCookie = /(?:^|;\s*)__Secure-cnap\.session_token=([^;]*)/;
const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The session in a browser's cookie; over https only the cookie that was set over https counts. */
export function sessionIn(cookie: string | undefined, publicUrl: string): string | undefined {
  const value = (publicUrl.startsWith('https:') ? secureSessionCookie : sessionCookie).exec(
    cookie ?? '',
  )?.[1];
  if (value === undefined || value.length > 512) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/**
 * Whether a page of this very origin sent the request, as browsers say it: by Sec-Fetch-Site, or, those that do not
 * know it, by Origin. https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site
 */
export function isSameOrigin({ headers }: Sent, publicUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  if (headers.origin === undefined || !URL.canParse(headers.origin)) return false;
  const [from, ours] = [new URL(headers.origin), new URL(publicUrl)];
  const host = headers[':authority'] ?? headers.host;
  return from.protocol === ours.protocol && (from.host === ours.host || from.host === host);
}

/**
 * Refuses what another site made a browser send with its cookies, unless it changes nothing.
 * @throws DomainError permission-denied CROSS_SITE_REQUEST
 */
export function refuseCrossSite(request: Sent, publicUrl: string): void {
  if (!safe.has(request.method ?? '')) refuseOtherSites(request, publicUrl);
}

/**
 * The same for requests of any method.
 * @throws DomainError permission-denied CROSS_SITE_REQUEST
 */
export function refuseOtherSites(request: Sent, publicUrl: string): void {
  if (isSameOrigin(request, publicUrl)) return;
  throw new DomainError('permission-denied', 'CROSS_SITE_REQUEST', 'The request comes from another site.', {
    suggestion: 'Open the platform’s own page, or send a token in the header Authorization.',
  });
}
