import type { Keyring } from '@cnap/secrets';
import type { Database, InstallRow } from '../database.ts';
import { openInputs, openOutputs } from '../install/inputs.ts';
import { secretsIn } from '../install/values.ts';
import { openManifests } from './manifests.ts';
import { secretWords } from './masking.ts';
import { loadRelease } from './store.ts';

/** What is secret about an install beside its manifests: answers, passwords, outputs. */
export const secretFacts = (keyring: Keyring, row: InstallRow): unknown[] => [
  ...secretsIn(row.product, openInputs(keyring, row)),
  ...openOutputs(keyring, row).flatMap(({ secret, value }) => (secret ? [value] : [])),
];

/** The words that nothing may say that is shown of an install. */
export async function wordsOf(
  row: InstallRow,
  { db, keyring }: { db: Database; keyring: Keyring },
): Promise<string[]> {
  const { release_id: id } = row;
  if (id === null) return secretWords([], secretFacts(keyring, row));
  const release = await db.acrossWorkspaces((tx) => loadRelease(tx, id));
  const { objects } = openManifests(keyring, id, release.sealed_manifests);
  return secretWords(objects, secretFacts(keyring, row));
}
