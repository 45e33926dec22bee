import type { ServiceImpl } from '@connectrpc/connect';
import { notFound } from '@cnap/errors';
import { pageQuery, toPage } from '@cnap/pages';
import type { ReleaseService } from '@cnap/proto/cnap/installer/v1/release_service';
import { workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import type { Database } from '../database.ts';
import type { Engine } from '../kubernetes/port.ts';
import { diffRpc } from './diff-rpc.ts';
import { findInstall } from '../install/store.ts';
import { findRelease, listReleases } from './store.ts';
import { releaseToProto } from './to-proto.ts';

type Deps = { db: Database; keyring: Keyring; engine: Engine };

export const releaseRpc = ({ db, keyring, engine }: Deps): ServiceImpl<typeof ReleaseService> => ({
  ...diffRpc({ db, keyring, engine }),

  async getRelease({ id }, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => findRelease(tx, workspaceId, id));
    if (!row) throw notFound('release', id);
    return { release: releaseToProto(row) };
  },

  async listReleases(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const rows = await db.inWorkspace(workspaceId, async (tx) => {
      if (!(await findInstall(tx, workspaceId, request.installId)))
        throw notFound('install', request.installId);
      return listReleases(tx, workspaceId, request.installId, page);
    });
    const result = toPage(rows, page, (row) => ({ time: row.created_at, id: row.id }));
    return { releases: result.rows.map(releaseToProto), nextPageToken: result.nextPageToken };
  },
});
