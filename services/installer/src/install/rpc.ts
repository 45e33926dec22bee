import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { pageQuery, toPage } from '@cnap/pages';
import { firstResult } from '@cnap/postgres';
import {
  CreateInstallRequestSchema,
  CreateInstallResponseSchema,
  type InstallService,
} from '@cnap/proto/cnap/installer/v1/install_service';
import { workspaceOf } from '@cnap/rpc';
import { repeatable, watchRow } from '@cnap/service';
import type { InstallRow } from '../database.ts';
import { driftRpc } from '../drift/rpc.ts';
import { supportBundleRpc, type BundleLimits } from '../support-bundle/rpc.ts';
import { loadReceipt } from '../release/store.ts';
import { refuseBadAnswers } from './answers.ts';
import { beginRemoval } from './begin-removal.ts';
import { openOutputs } from './inputs.ts';
import { fromProduct, makeInstall } from './make-install.ts';
import { refuseBadUpdates, replaceOverrides } from './overrides.ts';
import { previewRpc } from './preview-rpc.ts';
import { standaloneRpc } from './standalone.ts';
import type { StepDeps } from './steps.ts';
import { findInstall, installChanged, listInstalls, lockInstall } from './store.ts';
import { installToProto, viewerOf } from './to-proto.ts';
import { updateRpc } from './update-rpc.ts';

export function installRpc(running: StepDeps, bundles: BundleLimits): ServiceImpl<typeof InstallService> {
  const { db, keyring, catalog, clusters } = running;
  const toProto = (row: InstallRow, workspaceId: string) =>
    installToProto(row, viewerOf(row, workspaceId), openOutputs(keyring, row));
  const find = async (workspaceId: string, id: string) => {
    const row = await db.inWorkspace(workspaceId, (tx) => findInstall(tx, workspaceId, id));
    if (!row) throw notFound('install', id);
    return row;
  };

  return {
    async getInstall({ id }, context) {
      const workspaceId = workspaceOf(context);
      return { install: toProto(await find(workspaceId, id), workspaceId) };
    },

    async listInstalls(request, context) {
      const workspaceId = workspaceOf(context);
      const page = pageQuery(request);
      const rows = await db.inWorkspace(workspaceId, (tx) => listInstalls(tx, workspaceId, request, page));
      const result = toPage(rows, page, (row) => ({ time: row.created_at, id: row.id }));
      return {
        installs: result.rows.map((row) => toProto(row, workspaceId)),
        nextPageToken: result.nextPageToken,
      };
    },

    async createInstall(request, context) {
      const workspaceId = workspaceOf(context);
      const product = await catalog.product(request.productId);
      if (product?.workspaceId !== workspaceId) throw notFound('product', request.productId);
      const pack = product.package;
      if (!pack) {
        throw new DomainError(
          'failed-precondition',
          'PACKAGE_NOT_READY',
          'The template has no package that is ready.',
          {
            suggestion: 'Look at the build of its package.',
          },
        );
      }
      if ((await clusters.candidates(product.column.clusterIds, request.regionId)).length === 0) {
        throw new DomainError(
          'failed-precondition',
          'REGION_NOT_OFFERED',
          'The product has no cluster in this region.',
          {
            fields: [
              { field: 'region_id', description: 'must be a region of one of the product’s clusters' },
            ],
          },
        );
      }
      const answers = request.inputs ?? {};
      refuseBadAnswers(product.inputSchema, answers);
      const sourceIds = pack.sources.map((source) => source.id);
      refuseBadUpdates('overrides', request.overrides, sourceIds);
      return db.inWorkspace(workspaceId, (tx) =>
        firstResult(
          tx,
          repeatable(context, workspaceId, CreateInstallRequestSchema, request, CreateInstallResponseSchema),
          async () => {
            const row = await makeInstall(tx, keyring, {
              workspaceId,
              ...fromProduct(product, pack, request.name),
              regionId: request.regionId,
              answers,
              overrides: replaceOverrides({}, request.overrides),
              quantity: 1,
              orderId: undefined,
              idempotencyKey: request.requestId || undefined,
            });
            return create(CreateInstallResponseSchema, { install: toProto(row, workspaceId) });
          },
        ),
      );
    },

    ...standaloneRpc({ db, keyring, catalog, clusters, toProto }),
    ...updateRpc({ db, keyring, catalog, toProto }),
    ...driftRpc({ db }),
    ...previewRpc(running),
    ...supportBundleRpc(running, bundles),

    async deleteInstall({ id }, context) {
      const workspaceId = workspaceOf(context);
      const row = await db.inWorkspace(workspaceId, async (tx) => {
        const install = await findInstall(tx, workspaceId, id);
        if (!install) throw notFound('install', id);
        if (install.order_id !== null && install.wanted === 'present') {
          throw new DomainError('failed-precondition', 'ORDER_LIVE', 'The install belongs to a live order.', {
            metadata: { order_id: install.order_id },
            suggestion: 'Cancel or refund the order; its install goes with it.',
          });
        }
        return beginRemoval(tx, (await lockInstall(tx, id)) ?? install, 'Deleted by a member.');
      });
      return { install: toProto(row, workspaceId) };
    },

    async *watchInstall({ id }, context) {
      const workspaceId = workspaceOf(context);
      await find(workspaceId, id);
      const read = () => db.inWorkspace(workspaceId, (tx) => findInstall(tx, workspaceId, id));
      const versionOf = (row: InstallRow) => row.version;
      const { signal } = context;
      for await (const row of watchRow({ db, channel: installChanged, signal, read, versionOf })) {
        yield { install: toProto(row, workspaceId) };
        if (row.state === 'deleted') return;
      }
    },

    async getDeletionReceipt({ installId }, context) {
      const workspaceId = workspaceOf(context);
      const row = await find(workspaceId, installId);
      if (row.state !== 'deleted' || !row.deleted_at) {
        throw new DomainError(
          'failed-precondition',
          'RECEIPT_NOT_READY',
          'The install has not been deleted yet.',
          {
            metadata: { state: row.state },
          },
        );
      }
      const objects = await db.inWorkspace(workspaceId, (tx) => loadReceipt(tx, installId));
      return {
        deletionReceipt: {
          installId,
          objects: objects.map(({ entry, outcome, removed_at: time }) => ({
            apiVersion: entry.apiVersion,
            kind: entry.kind,
            namespace: entry.namespace ?? '',
            name: entry.name,
            outcome,
            time: timestampFromDate(time),
          })),
          completeTime: timestampFromDate(row.deleted_at),
        },
      };
    },
  };
}
