import { notFound } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import type { CatalogDatabase } from '../database.ts';
import type { ArtifactStore } from './port.ts';

/** Artifacts as rows: one transaction and one backup with everything else. */
export function createPostgresArtifacts(db: Database<CatalogDatabase>): ArtifactStore {
  return {
    async put(tx, digest, bytes) {
      await tx
        .insertInto('artifact')
        .values({ digest, bytes: Buffer.from(bytes) })
        .onConflict((conflict) => conflict.column('digest').doNothing())
        .execute();
    },
    async get(digest) {
      const row = await db.acrossWorkspaces((tx) =>
        tx.selectFrom('artifact').select('bytes').where('digest', '=', digest).executeTakeFirst(),
      );
      if (row === undefined) throw notFound('artifact', digest);
      return row.bytes;
    },
  };
}
