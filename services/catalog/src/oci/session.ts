// Reading from OCI registries: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
// Signing in to them: https://distribution.github.io/distribution/spec/auth/token/
import { DomainError } from '@cnap/errors';
import { type Fetched, type Fetcher, type FetchRequest, shown } from '../fetch/fetch.ts';

export type Session = {
  /** Reads below `/v2/<name>/`, signed in where that is asked for. */
  get(url: string, request: Omit<FetchRequest, 'signal' | 'authorization' | 'body'>): Promise<Fetched>;
};

const maxTokenBytes = 256 * 1024;

/** @param basic the workspace's own sign-in for a URL's host, as an `authorization` header */
export function openSession(
  fetcher: Fetcher,
  basic: (url: URL) => Promise<string | undefined>,
  signal: AbortSignal,
): Session {
  let granted: string | undefined;

  async function get(url: string, wanted: Omit<FetchRequest, 'signal'>): Promise<Fetched> {
    const { host } = new URL(url);
    const attempt = () => {
      const authorization = async (at: URL) => (at.host === host ? granted : undefined);
      return fetcher.fetch(url, { ...wanted, signal, authorization, answers: [401] });
    };
    let answer = await attempt();
    if (answer.status === 401) {
      granted = await signIn(new URL(url), String(answer.headers['www-authenticate'] ?? ''));
      answer = await attempt();
    }
    if (answer.status === 401) throw refused(url);
    return answer;
  }

  async function signIn(registry: URL, challenge: string): Promise<string> {
    const own = await basic(registry);
    if (/^basic\b/i.test(challenge)) {
      if (own === undefined) throw refused(registry.href);
      return own;
    }
    const { realm, service, scope } = parametersOf(challenge);
    if (!/^bearer\b/i.test(challenge) || realm === undefined || !URL.canParse(realm)) {
      throw refused(registry.href);
    }
    const from = new URL(realm);
    if (service !== undefined) from.searchParams.set('service', service);
    if (scope !== undefined) from.searchParams.set('scope', scope);
    // The registry names who gives its tokens, and its sign-in is for that one; over TLS, unless it has none itself.
    const secure = from.protocol === 'https:' || registry.protocol === 'http:';
    const answer = await fetcher.fetch(from.href, {
      maxBytes: maxTokenBytes,
      signal,
      answers: [401, 403],
      authorization: async (at) => (secure && at.host === from.host ? own : undefined),
    });
    const token = answer.status === 200 ? tokenOf(answer.bytes) : undefined;
    if (token === undefined) throw refused(registry.href);
    return `Bearer ${token}`;
  }

  return { get };
}

function parametersOf(challenge: string): Record<string, string | undefined> {
  const found = challenge.matchAll(/([a-z_]+)="([^"]*)"/gi);
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name.toLowerCase(), value]));
}

function tokenOf(bytes: Uint8Array): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(Buffer.from(bytes).toString()) as Record<
      string,
      unknown
    >;
    const given = token ?? other;
    return typeof given === 'string' && /^[\x21-\x7e]+$/.test(given) ? given : undefined;
  } catch {
    return undefined;
  }
}

const refused = (url: string): DomainError =>
  new DomainError(
    'failed-precondition',
    'REGISTRY_SIGN_IN_FAILED',
    `${shown(url)} cannot be read without signing in.`,
    {
      suggestion: 'Add a registry credential for it, or check the one there is.',
    },
  );
