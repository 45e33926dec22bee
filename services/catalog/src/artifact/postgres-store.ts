import { notFound } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import { sql } from 'kysely';
import type { CatalogDatabase } from '../database.ts';
import type { ArtifactStore } from './port.ts';

/** Artifacts as rows: one transaction and one backup with everything else. */
export function createPostgresArtifacts(db: Database<CatalogDatabase>): ArtifactStore {
  return {
    async put(tx, digest, bytes) {
      await tx
        .insertInto('artifact')
        .values({ digest, bytes: Buffer.from(bytes) })
        // Changed in name only: the row is locked, so that nobody removes it before the package that has it is there.
        .onConflict((conflict) => conflict.column('digest').doUpdateSet({ create_time: sql`now()` }))
        .execute();
    },
    async dropUnused(tx, digests) {
      if (digests.length === 0) return;
      const found = tx.selectFrom('artifact').select('digest').where('digest', 'in', digests);
      await found.orderBy('digest').forUpdate().execute();
      await tx
        .deleteFrom('artifact')
        .where('digest', 'in', digests)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb.selectFrom('package').select('id').whereRef('package.digest', '=', 'artifact.digest'),
            ),
          ),
        )
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
