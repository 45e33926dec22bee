import type { Tx } from '@cnap/postgres';
import type { CatalogDatabase } from '../database.ts';

/** Where the artifacts of packages are kept, by digest. */
export type ArtifactStore = {
  /** Keeps an artifact, in the transaction where the store can. Keeping it again changes nothing. */
  put(tx: Tx<CatalogDatabase>, digest: string, bytes: Uint8Array): Promise<void>;
  /** Removes what no package has. */
  dropUnused(tx: Tx<CatalogDatabase>, digests: string[]): Promise<void>;
  /** @throws DomainError not-found ARTIFACT_NOT_FOUND */
  get(digest: string, signal: AbortSignal): Promise<Uint8Array>;
};
