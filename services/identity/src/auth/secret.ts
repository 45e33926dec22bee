import { createHmac, randomBytes } from 'node:crypto';
import type { Keyring } from '@cnap/secrets';
import type { Database } from '../database.ts';
import { ensureAuthSecret } from './store.ts';

const secretId = 'sign-in';

/**
 * The secret that cookies and links are signed with: made at the first start, the same for every process, kept
 * sealed, and not changed when the keys that seal it are.
 */
export function authSecret(db: Database, keyring: Keyring): Promise<string> {
  return db.acrossWorkspaces(async (tx) => {
    const made = keyring.seal(randomBytes(32).toString('base64url'), secretId);
    return keyring.openText(await ensureAuthSecret(tx, { id: secretId, sealed: made }), secretId);
  });
}

/** What is stored in place of a code: keyed, because a code that people type has too little entropy for a bare hash. */
export const codeHasher = (secret: string) => (code: string) =>
  createHmac('sha256', secret).update(`code\n${code}`).digest('base64url');
