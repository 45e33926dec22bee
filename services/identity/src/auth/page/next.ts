const home = '/account';

/**
 * Where to go on to: a path of this site, never another site, whatever the link said. Browsers read `//x`, `/\x` and
 * paths with tabs or newlines in them as other hosts.
 */
export function localPath(next: string | null | undefined): string {
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (!next || !/^\/(?![/\\])/.test(next) || /[\u0000-\u001f\u007f\\]/.test(next) || next.length > 1_000)
    return home;
  const origin = 'http://local.invalid';
  if (!URL.canParse(next, origin)) return home;
  const url = new URL(next, origin);
  // `/.//x` is `//x` when it is resolved.
  return url.origin === origin && !url.pathname.startsWith('//') ? url.pathname + url.search : home;
}

/** A page's address with where to go on to from there. */
export const withNext = (path: string, next: string): string =>
  next === home ? path : `${path}?${new URLSearchParams({ next })}`;
