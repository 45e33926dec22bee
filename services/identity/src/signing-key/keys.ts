import { createCallerSigner, generateKeys, publicJwk, type CallerSigner } from '@cnap/auth';
import { newId } from '@cnap/ids';
import { requeueAfter, wake, type Reconcile } from '@cnap/reconcile';
import type { Keyring } from '@cnap/secrets';
import type { JSONWebKeySet } from 'jose';
import type { Database, Tx } from '../database.ts';
import { rotation, signingKey } from './plan.ts';
import { deleteSigningKeys, insertSigningKey, listSigningKeys } from './store.ts';

const lookAgainMs = 3_600_000;
const rereadMs = 60_000;

/** The keys that caller tokens are signed with. */
export type SigningKeys = { signer(): Promise<CallerSigner>; jwks(): Promise<JSONWebKeySet> };

/** Reads the keys from Postgres, at most once a minute. */
export function openSigningKeys(db: Database, keyring: Keyring, now: () => Date): SigningKeys {
  let read: { at: number; keys: Promise<{ signer: CallerSigner; jwks: JSONWebKeySet }> } | undefined;
  const load = async () => {
    const rows = await db.acrossWorkspaces((tx) => listSigningKeys(tx));
    const key = signingKey(rows, now());
    if (!key) throw new Error('there is no signing key yet');
    const privateKey = keyring.openText(key.sealed_private_key, key.id);
    return {
      signer: createCallerSigner({ keyId: key.id, privateKey }),
      jwks: { keys: rows.map((row) => publicJwk(row.id, row.public_key)) },
    };
  };
  const current = () => {
    if (!read || now().getTime() - read.at > rereadMs) {
      const keys = load();
      const started = { at: now().getTime(), keys };
      read = started;
      keys.catch(() => {
        if (read === started) read = undefined;
      });
    }
    return read.keys;
  };
  return { signer: async () => (await current()).signer, jwks: async () => (await current()).jwks };
}

/** Makes and drops keys as the plan says; several processes may try at once. */
export async function rotateSigningKeys(tx: Tx, keyring: Keyring, now: Date): Promise<void> {
  const { make, drop } = rotation(await listSigningKeys(tx), now);
  if (make) {
    const id = newId('key');
    const { privateKey, publicKey } = generateKeys();
    await insertSigningKey(tx, {
      id,
      sealed_private_key: keyring.seal(privateKey, id),
      public_key: publicKey,
      created_at: now,
    });
  }
  if (drop.length > 0) await deleteSigningKeys(tx, drop);
}

export const wakeRotation = (tx: Tx): Promise<void> => wake(tx, 'signing-key', 'rotation');

export const reconcileSigningKeys =
  (keyring: Keyring, now: () => Date): Reconcile =>
  async ({ write }) => {
    await write((tx) => rotateSigningKeys(tx, keyring, now()));
    return requeueAfter(lookAgainMs, 'looks at the age of the keys every hour');
  };
