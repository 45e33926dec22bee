import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { publish } from '@cnap/events';
import { pageQuery } from '@cnap/pages';
import { type Database, firstResult } from '@cnap/postgres';
import {
  BuildPackageRequestSchema,
  BuildPackageResponseSchema,
  type PackageService,
} from '@cnap/proto/cnap/catalog/v1/package_service';
import { workspaceOf } from '@cnap/rpc';
import { repeatable } from '@cnap/service';
import { currentTraceparent } from '@cnap/telemetry';
import type { ServiceImpl } from '@connectrpc/connect';
import type { CatalogDatabase } from '../database.ts';
import { pageFrom } from '../page.ts';
import { getTemplate, lockTemplate } from '../template/store.ts';
import { packageQueued } from './event.ts';
import { linesAfter } from './log-store.ts';
import { findSameBuild, queueBuild } from './queue.ts';
import { getPackage, listPackages } from './store.ts';
import { bumpFrom, packageToProto } from './to-proto.ts';
import { looks } from './watch.ts';

type Deps = { db: Database<CatalogDatabase> };

export const packageRpc = ({ db }: Deps): ServiceImpl<typeof PackageService> => ({
  async getPackage(request, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => getPackage(tx, workspaceId, request.id));
    return { package: packageToProto(row) };
  },

  async listPackages(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const found = await db.inWorkspace(workspaceId, async (tx) => {
      await getTemplate(tx, workspaceId, request.templateId);
      return listPackages(tx, workspaceId, request.templateId, page);
    });
    const { rows, nextPageToken } = pageFrom(found, page);
    return { packages: rows.map(packageToProto), nextPageToken };
  },

  async buildPackage(request, context) {
    const workspaceId = workspaceOf(context);
    const bump = bumpFrom(request.bump);
    const repeat = repeatable(
      context,
      workspaceId,
      BuildPackageRequestSchema,
      request,
      BuildPackageResponseSchema,
    );
    return db.inWorkspace(workspaceId, (tx) =>
      firstResult(tx, repeat, async () => {
        const template = await lockTemplate(tx, workspaceId, request.templateId);
        const same = await findSameBuild(tx, template, bump);
        const row = same ?? (await queueBuild(tx, template, bump, currentTraceparent()));
        if (same === undefined) await publish(tx, packageQueued(row));
        return create(BuildPackageResponseSchema, { package: packageToProto(row) });
      }),
    );
  },

  async *watchPackage(request, context) {
    const workspaceId = workspaceOf(context);
    let seen: string | undefined;
    for await (const _ of looks(db, context.signal)) {
      const row = await db.inWorkspace(workspaceId, (tx) => getPackage(tx, workspaceId, request.id));
      if (row.version === seen) continue;
      seen = row.version;
      yield { package: packageToProto(row) };
      if (row.state === 'ready' || row.state === 'failed') return;
    }
  },

  async *streamPackageLog(request, context) {
    const workspaceId = workspaceOf(context);
    let last = '0';
    for await (const _ of looks(db, context.signal)) {
      for (;;) {
        const { row, lines } = await db.inWorkspace(workspaceId, async (tx) => ({
          row: await getPackage(tx, workspaceId, request.id),
          lines: await linesAfter(tx, request.id, last),
        }));
        for (const { number, time, line } of lines) {
          last = number;
          yield { time: timestampFromDate(time), line };
        }
        if (lines.length > 0) continue;
        // The last line and the last state are written together, so nothing follows.
        if (row.state === 'ready' || row.state === 'failed') return;
        break;
      }
    }
  },
});
