import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { DomainError, messageOf } from '@cnap/errors';
import { Agent, request } from 'undici';
import { isPublicAddress } from './address.ts';

/** What was read, and from where after redirects. */
export type Fetched = {
  bytes: Uint8Array;
  url: string;
  status: number;
  headers: Record<string, string | string[] | undefined>;
};

/** One call. */
export type FetchRequest = {
  maxBytes: number;
  signal: AbortSignal;
  headers?: Record<string, string>;
  /** The `authorization` for a URL, asked for each address that a call is led to. */
  authorization?: ((url: URL) => Promise<string | undefined>) | undefined;
  /** Makes it a POST, which follows no redirects. */
  body?: string | Uint8Array;
  /** Statuses that are answers, beside 200. */
  answers?: number[];
};

/** Reads files of strangers over HTTP. */
export type Fetcher = AsyncDisposable & {
  /**
   * @throws DomainError `unavailable` FETCH_UNAVAILABLE for what may be better later (network, 408, 429, 5xx), else
   *   FETCH_REFUSED (address or URL), FETCH_FAILED (status), FETCH_TOO_LARGE
   */
  fetch(url: string, request: FetchRequest): Promise<Fetched>;
};

/** How a fetcher is limited; the functions are there for tests. */
export type FetcherOptions = {
  /** Reach private and link-local addresses as well. */
  allowPrivate: boolean;
  mayConnect?: (address: string) => boolean;
  resolve?: (host: string) => Promise<{ address: string; family: number }[]>;
  deadlineMs?: number;
};

const maxRedirects = 5;
const refusedCode = 'CNAP_ADDRESS_REFUSED';

/** Makes a fetcher. A name is resolved once per connection, and the address that was checked is connected to. */
export function createFetcher(options: FetcherOptions): Fetcher {
  const mayConnect = options.allowPrivate ? () => true : (options.mayConnect ?? isPublicAddress);
  const resolve = options.resolve ?? ((host: string) => systemLookup(host, { all: true, verbatim: true }));
  const agent = new Agent({
    connect: { timeout: 10_000, lookup: checkedLookup(resolve, mayConnect) },
    headersTimeout: 20_000,
    bodyTimeout: 20_000,
    connections: 8,
  });

  async function fetch(first: string, wanted: FetchRequest): Promise<Fetched> {
    const deadlineMs = options.deadlineMs ?? 120_000;
    const deadline = AbortSignal.timeout(deadlineMs);
    const signal = AbortSignal.any([wanted.signal, deadline]);
    let url = first;
    try {
      for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
        const checked = checkedUrl(url, mayConnect);
        const authorization = await wanted.authorization?.(checked);
        const answer = await request(checked, {
          dispatcher: agent,
          signal,
          ...(wanted.body === undefined ? {} : { method: 'POST', body: wanted.body }),
          headers: {
            'user-agent': 'cnap-catalog',
            accept: '*/*',
            'accept-encoding': 'identity',
            ...wanted.headers,
            ...(authorization === undefined ? {} : { authorization }),
          },
        });
        const location = redirectOf(answer.statusCode, answer.headers['location']);
        if (location === undefined) {
          const { statusCode: status, headers } = answer;
          if (status !== 200 && wanted.answers?.includes(status) !== true) {
            await answer.body.dump({ limit: 0 }).catch(() => undefined); // the connection may be closed with it
            throw statusError(url, status);
          }
          return { bytes: await readBody(url, answer.body, wanted.maxBytes), url, status, headers };
        }
        await answer.body.dump({ limit: 4096 }).catch(() => undefined);
        if (wanted.body !== undefined) throw statusError(url, answer.statusCode);
        url = resolveRedirect(url, location);
      }
    } catch (error) {
      if (error instanceof DomainError) throw error;
      wanted.signal.throwIfAborted();
      if (deadline.aborted) throw unavailable(url, `it takes longer than ${deadlineMs / 1000} s`);
      if (hasCode(error, refusedCode)) throw addressRefused(url);
      throw unavailable(url, messageOf(error));
    }
    throw new DomainError('failed-precondition', 'FETCH_FAILED', `${shown(first)} redirects without end.`);
  }

  return { fetch, [Symbol.asyncDispose]: () => agent.destroy() };
}

type Address = { address: string; family: number };

/** A `lookup` for sockets: of the name's addresses, those that may be connected to. */
function checkedLookup(
  resolve: NonNullable<FetcherOptions['resolve']>,
  mayConnect: (address: string) => boolean,
): LookupFunction {
  const allowed = callbackify(async (host: string): Promise<[Address, ...Address[]]> => {
    const [first, ...others] = (await resolve(host)).filter(({ address }) => mayConnect(address));
    if (first !== undefined) return [first, ...others];
    throw Object.assign(new Error(`no public address of ${host}`), { code: refusedCode });
  });
  return (host, options, callback) =>
    allowed(host, (error, found) => {
      if (error !== null) callback(error, '');
      else if (options.all === true) callback(null, found);
      else callback(null, found[0].address, found[0].family);
    });
}

/** A literal address is never looked up, so it is checked here. */
function checkedUrl(text: string, mayConnect: (address: string) => boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username || url.password) {
    throw new DomainError(
      'invalid-argument',
      'FETCH_REFUSED',
      `${shown(text)} is not an http or https URL without user and password.`,
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !mayConnect(host)) throw addressRefused(text);
  return url;
}

function redirectOf(status: number, location: string | string[] | undefined): string | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  return Array.isArray(location) ? location[0] : location;
}

function resolveRedirect(from: string, location: string): string {
  if (URL.canParse(location, from)) return new URL(location, from).href;
  throw new DomainError('failed-precondition', 'FETCH_FAILED', `${shown(from)} redirects to what is no URL.`);
}

async function readBody(url: string, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw new DomainError(
        'resource-exhausted',
        'FETCH_TOO_LARGE',
        `${shown(url)} is larger than ${maxBytes / 1024 / 1024} MiB.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function statusError(url: string, status: number): DomainError {
  const text = `${shown(url)} answers with status ${status}`;
  if (status === 408 || status === 429 || status >= 500) {
    return new DomainError('unavailable', 'FETCH_UNAVAILABLE', `${text}.`);
  }
  return new DomainError('failed-precondition', 'FETCH_FAILED', `${text}.`, {
    metadata: { status: String(status) },
  });
}

const unavailable = (url: string, why: string): DomainError =>
  new DomainError('unavailable', 'FETCH_UNAVAILABLE', `${shown(url)} cannot be read: ${why}.`);

const addressRefused = (url: string): DomainError =>
  new DomainError(
    'permission-denied',
    'FETCH_REFUSED',
    `${shown(url)} leads to a private address, which is not allowed.`,
  );

/** Without query and password, which may be secrets. */
export function shown(text: string): string {
  if (!URL.canParse(text)) return text.slice(0, 200);
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, 500);
}

function hasCode(error: unknown, code: string): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ((current as NodeJS.ErrnoException).code === code) return true;
  }
  return false;
}
