import { create } from '@bufbuild/protobuf';
import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import { pageQuery } from '@cnap/pages';
import { firstResult } from '@cnap/postgres';
import type { Database } from '@cnap/postgres';
import {
  CreateTemplateRequestSchema,
  CreateTemplateResponseSchema,
  type TemplateService,
} from '@cnap/proto/cnap/catalog/v1/template_service';
import { workspaceOf } from '@cnap/rpc';
import { repeatable } from '@cnap/service';
import type { ServiceImpl } from '@connectrpc/connect';
import type { ArtifactStore } from '../artifact/port.ts';
import type { CatalogDatabase } from '../database.ts';
import { digestsOf } from '../package/store.ts';
import { pageFrom } from '../page.ts';
import { checkEtag } from '../request.ts';
import { changeTemplate, makeTemplate } from './change.ts';
import { templateDeleted } from './event.ts';
import { checkUnused, refuseInstalled } from './in-use.ts';
import { editSources } from './source.ts';
import { deleteTemplate, getTemplate, listTemplates, lockTemplate } from './store.ts';
import { podSecurityFrom, proxyModeFrom, templateToProto } from './to-proto.ts';
import { wantedSources } from './wanted.ts';
import type { InstallUsage } from '../peer/usage-port.ts';

type Deps = { db: Database<CatalogDatabase>; usage: InstallUsage; artifacts: ArtifactStore };

export const templateRpc = ({ db, usage, artifacts }: Deps): ServiceImpl<typeof TemplateService> => ({
  async getTemplate(request, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => getTemplate(tx, workspaceId, request.id));
    return { template: templateToProto(row) };
  },

  async listTemplates(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const found = await db.inWorkspace(workspaceId, (tx) => listTemplates(tx, workspaceId, page));
    const { rows, nextPageToken } = pageFrom(found, page);
    return { templates: rows.map(templateToProto), nextPageToken };
  },

  async createTemplate(request, context) {
    const workspaceId = workspaceOf(context);
    const sources = editSources([], wantedSources(request.sources), () => newId('src'));
    const repeat = repeatable(
      context,
      workspaceId,
      CreateTemplateRequestSchema,
      request,
      CreateTemplateResponseSchema,
    );
    return db.inWorkspace(workspaceId, (tx) =>
      firstResult(tx, repeat, async () => {
        const { template, packageId } = await makeTemplate(tx, {
          workspaceId,
          name: request.name,
          sources,
          podSecurity: podSecurityFrom(request.podSecurity),
          registryProxyMode: proxyModeFrom(request.registryProxyMode),
        });
        return create(CreateTemplateResponseSchema, { template: templateToProto(template), packageId });
      }),
    );
  },

  async updateTemplate(request, context) {
    const workspaceId = workspaceOf(context);
    return db.inWorkspace(workspaceId, async (tx) => {
      const current = await lockTemplate(tx, workspaceId, request.id);
      checkEtag('template', request.etag, current.version);
      const sources =
        request.sources.length === 0
          ? undefined
          : editSources(current.sources, wantedSources(request.sources), () => newId('src'));
      const { template, packageId } = await changeTemplate(tx, current, {
        name: request.name,
        sources,
        podSecurity: request.podSecurity === undefined ? undefined : podSecurityFrom(request.podSecurity),
        registryProxyMode:
          request.registryProxyMode === undefined ? undefined : proxyModeFrom(request.registryProxyMode),
      });
      return { template: templateToProto(template), packageId };
    });
  },

  async deleteTemplate(request, context) {
    const workspaceId = workspaceOf(context);
    await db.inWorkspace(workspaceId, async (tx) => {
      const row = await getTemplate(tx, workspaceId, request.id);
      await checkUnused(tx, row.id);
    });
    await refuseInstalled(usage, request.id, context.signal);
    const digests = await db.inWorkspace(workspaceId, async (tx) => {
      const row = await lockTemplate(tx, workspaceId, request.id);
      await checkUnused(tx, row.id);
      const made = await digestsOf(tx, row.id);
      await deleteTemplate(tx, row.id);
      await publish(tx, templateDeleted(row));
      return made;
    });
    await db.acrossWorkspaces((tx) => artifacts.dropUnused(tx, digests));
    return {};
  },
});
