import { notFound } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import type { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import type { ServiceImpl } from '@connectrpc/connect';
import type { CatalogDatabase } from '../database.ts';
import { findPackage } from '../package/store.ts';
import { packageToProto } from '../package/to-proto.ts';
import { findTemplate } from '../template/store.ts';
import { podSecurities } from '../template/to-proto.ts';
import type { ArtifactStore } from './port.ts';

type Deps = { db: Database<CatalogDatabase>; artifacts: ArtifactStore };

const chunkBytes = 256 * 1024;

export const artifactRpc = ({ db, artifacts }: Deps): ServiceImpl<typeof ArtifactService> => ({
  async *getArtifact(request, context) {
    const bytes = await artifacts.get(request.digest, context.signal);
    for (let from = 0; from < bytes.byteLength; from += chunkBytes) {
      yield { chunk: bytes.subarray(from, from + chunkBytes) };
    }
  },

  async getPackageDetail(request) {
    return db.acrossWorkspaces(async (tx) => {
      const row = await findPackage(tx, request.packageId);
      const template = row === undefined ? undefined : await findTemplate(tx, row.template_id);
      if (row === undefined || template === undefined) throw notFound('package', request.packageId);
      return { package: packageToProto(row), podSecurity: podSecurities[template.pod_security] };
    });
  },
});
