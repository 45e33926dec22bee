// How a workspace signs in to registries and repositories.
import type { Database } from '@cnap/postgres';
import type { Keyring } from '@cnap/secrets';
import type { CatalogDatabase, RegistryCredentialRow } from '../database.ts';
import type { TokenSource } from './ports.ts';
import { registryOfUrl, type SignIn } from './registry.ts';
import { useCredentialsFor } from './store.ts';

/** What registries take as a user name beside a token, when the seller names none. */
const defaultUsername = { basic: '', token: 'token', oauth: 'oauth2accesstoken' } as const;

/** A sign-in, and until when it works. */
export type WorkingSignIn = SignIn & { expireTime?: Date };

export type SignIns = {
  /** Those of a workspace for these hosts. */
  forHosts(workspaceId: string, hosts: string[], signal: AbortSignal): Promise<WorkingSignIn[]>;
  /** The `authorization` header for a URL, if the workspace has a credential of its host. */
  authorization(workspaceId: string, url: URL, signal: AbortSignal): Promise<string | undefined>;
};

export function createSignIns(deps: {
  db: Database<CatalogDatabase>;
  keyring: Keyring;
  tokens: TokenSource;
}): SignIns {
  async function signIn(row: RegistryCredentialRow, signal: AbortSignal): Promise<WorkingSignIn> {
    const secret = deps.keyring.openText(row.secret, row.id);
    const registryHost = row.registry_host;
    if (row.token_url === '') {
      const username = row.username === '' ? defaultUsername[row.type] : row.username;
      return { registryHost, username, password: secret };
    }
    const { token, expireTime } = await deps.tokens.token(
      { credentialId: row.id, tokenUrl: row.token_url, clientId: row.username, clientSecret: secret },
      signal,
    );
    return {
      registryHost,
      username: row.token_username === '' ? defaultUsername.oauth : row.token_username,
      password: token,
      expireTime,
    };
  }
  const rowsFor = (workspaceId: string, hosts: string[]) =>
    deps.db.inWorkspace(workspaceId, (tx) => useCredentialsFor(tx, workspaceId, hosts));

  return {
    async forHosts(workspaceId, hosts, signal) {
      const rows = await rowsFor(workspaceId, hosts);
      return Promise.all(rows.map((row) => signIn(row, signal)));
    },
    async authorization(workspaceId, url, signal) {
      const host = registryOfUrl(url.href);
      if (host === undefined) return undefined;
      const [row] = await rowsFor(workspaceId, [host]);
      // A secret goes over a plain connection only when its owner wrote http:// himself.
      if (row === undefined || (url.protocol === 'http:' && !row.registry_url.startsWith('http://'))) {
        return undefined;
      }
      const { username, password } = await signIn(row, signal);
      return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    },
  };
}
