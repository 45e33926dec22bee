// RFC 6749, 4.4: a client gets tokens in its own name.
import { DomainError } from '@cnap/errors';
import type { ExternalCalls } from '@cnap/service';
import { type Fetcher, shown } from '../fetch/fetch.ts';
import type { ShortLivedToken, TokenSource } from '../registry-credential/ports.ts';

const maxAnswerBytes = 256 * 1024;
/** When the answer does not say how long a token lives. */
const assumedSeconds = 300;
const longestSeconds = 86_400;

/** Tokens are kept in memory for most of their life. */
export function createTokenSource(deps: {
  fetcher: Fetcher;
  external: ExternalCalls;
  now?: () => number;
}): TokenSource {
  const now = deps.now ?? Date.now;
  const kept = new Map<string, ShortLivedToken & { renewAt: number }>();

  return {
    async token({ credentialId, tokenUrl, clientId, clientSecret }, signal) {
      const known = kept.get(credentialId);
      if (known !== undefined && now() < known.renewAt) return known;
      for (const [id, { renewAt }] of kept) if (now() >= renewAt) kept.delete(id);
      const asked = now();
      const basic = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
      const answer = await deps.external('oauth.token', () =>
        deps.fetcher.fetch(tokenUrl, {
          maxBytes: maxAnswerBytes,
          signal,
          body: 'grant_type=client_credentials',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json',
            authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
          },
          answers: [400, 401, 403],
        }),
      );
      const { access_token: token, expires_in: seconds, error } = read(answer.bytes);
      if (answer.status !== 200 || typeof token !== 'string' || token === '') {
        const why = typeof error === 'string' ? error.slice(0, 100) : `status ${answer.status}`;
        throw refused(`${shown(tokenUrl)} gives no token: ${why}.`);
      }
      const lives = typeof seconds === 'number' && seconds > 0 ? seconds : assumedSeconds;
      const livesMs = Math.min(lives, longestSeconds) * 1_000;
      const made = { token, expireTime: new Date(asked + livesMs), renewAt: asked + livesMs * 0.8 };
      kept.set(credentialId, made);
      return made;
    },
  };
}

function read(bytes: Uint8Array): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const refused = (message: string): DomainError =>
  new DomainError('failed-precondition', 'REGISTRY_SIGN_IN_FAILED', message, {
    suggestion: 'Check the client id, the secret and the token URL of the registry credential.',
  });
