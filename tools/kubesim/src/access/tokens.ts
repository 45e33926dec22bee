import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { User } from './user.ts';
import { admin } from './user.ts';

export interface Tokens {
  readonly adminToken: string;
  find(token: string): User | undefined;
  mint(user: User): string;
  revoke(token: string): void;
  /** a token whose text is already decided, as in a Secret */
  register(token: string, user: User): void;
}

/** Bearer tokens, kept in `access.json` of the data folder when there is one. */
export function openTokens(folder: string | undefined): Tokens {
  const path = folder && join(folder, 'access.json');
  const users = new Map<string, User>(
    path && existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as [string, User][]) : [],
  );
  const save = (): void => {
    if (!path || !folder) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, JSON.stringify([...users]), { mode: 0o600 });
  };
  const mint = (user: User): string => {
    const token = randomBytes(24).toString('base64url');
    users.set(token, user);
    save();
    return token;
  };
  const known = [...users].find(([, user]) => user.name === admin.name)?.[0];
  const adminToken = known ?? mint(admin);
  return {
    adminToken,
    find: (token) => users.get(token),
    mint,
    revoke(token) {
      users.delete(token);
      save();
    },
    register(token, user) {
      if (users.has(token)) return;
      users.set(token, user);
      save();
    },
  };
}

/** A kubeconfig that kubectl, helm and every client library read. */
export function kubeconfigText(url: string, token: string, user: string): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: kubesim
    cluster:
      server: ${url}
users:
  - name: ${user}
    user:
      token: ${token}
contexts:
  - name: kubesim
    context:
      cluster: kubesim
      user: ${user}
current-context: kubesim
`;
}
