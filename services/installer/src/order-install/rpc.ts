import type { ServiceImpl, HandlerContext } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import type { Install } from '@cnap/proto/cnap/installer/v1/install';
import type { OrderInstallService } from '@cnap/proto/cnap/installer/v1/order_install_service';
import { callerOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import type { Database, InstallRow, Tx } from '../database.ts';
import { beginRemoval } from '../install/begin-removal.ts';
import { sleepForOrder } from '../install/hibernation.ts';
import { fromProduct, makeInstall } from '../install/make-install.ts';
import type { Catalog } from '../install/port.ts';
import {
  findInstallOfOrder,
  isOrderEnded,
  lockInstall,
  lockOrder,
  markOrderEnded,
} from '../install/store.ts';
import { installToProto } from '../install/to-proto.ts';

type Deps = { db: Database; catalog: Catalog; keyring: Keyring };

const everything = { owns: false, operates: true };

function refuseOthers(context: HandlerContext): void {
  const caller = callerOf(context);
  if (caller.kind === 'service' && caller.service === 'billing') return;
  throw new DomainError(
    'permission-denied',
    'PERMISSION_DENIED',
    'Installs of orders are made by billing only.',
  );
}

const lockInstallOf = async (tx: Tx, orderId: string): Promise<InstallRow | undefined> => {
  const known = await findInstallOfOrder(tx, orderId);
  return known && lockInstall(tx, known.id);
};

/** Nothing when the order has no install: there is nothing to put to sleep, or to wake. */
async function sleepOf(
  db: Database,
  orderId: string,
  change: (tx: Tx, row: InstallRow) => Promise<InstallRow>,
): Promise<{ install?: Install }> {
  const row = await db.acrossWorkspaces(async (tx) => {
    const install = await lockInstallOf(tx, orderId);
    return install && change(tx, install);
  });
  return row ? { install: installToProto(row, everything, []) } : {};
}

export const orderInstallRpc = ({ db, catalog, keyring }: Deps): ServiceImpl<typeof OrderInstallService> => ({
  async ensureInstall(request, context) {
    refuseOthers(context);
    const known = await db.acrossWorkspaces((tx) => findInstallOfOrder(tx, request.orderId));
    if (known) return { install: installToProto(known, everything, []) };
    const product = await catalog.product(request.productId);
    if (!product) throw notFound('product', request.productId);
    const pack = product.package;
    if (!pack)
      throw new DomainError('failed-precondition', 'PACKAGE_NOT_READY', 'The template has no package yet.');
    // The answers were checked at checkout, against the schema of that moment; a later edit must not undo a sale.
    const row = await db.acrossWorkspaces(async (tx) => {
      // Sent together and carried out in this order.
      const [, isEnded] = await Promise.all([
        lockOrder(tx, request.orderId),
        isOrderEnded(tx, request.orderId),
      ]);
      if (isEnded) {
        throw new DomainError('failed-precondition', 'INSTALL_STATE', 'The order has ended.');
      }
      return makeInstall(tx, keyring, {
        workspaceId: request.workspaceId,
        ...fromProduct(product, pack, request.name),
        regionId: request.regionId,
        answers: request.inputs ?? {},
        overrides: {},
        quantity: Math.max(1, request.quantity),
        orderId: request.orderId,
        idempotencyKey: request.idempotencyKey,
      });
    });
    return { install: installToProto(row, everything, []) };
  },

  async hibernateOrderInstall({ orderId, orderVersion }, context) {
    refuseOthers(context);
    return sleepOf(db, orderId, (tx, row) => sleepForOrder(tx, row, true, orderVersion));
  },

  async reviveOrderInstall({ orderId, orderVersion }, context) {
    refuseOthers(context);
    return sleepOf(db, orderId, (tx, row) => sleepForOrder(tx, row, false, orderVersion));
  },

  async endInstall({ orderId, reason }, context) {
    refuseOthers(context);
    const row = await db.acrossWorkspaces(async (tx) => {
      await lockOrder(tx, orderId);
      await markOrderEnded(tx, orderId);
      const install = await lockInstallOf(tx, orderId);
      return install && beginRemoval(tx, install, reason);
    });
    if (!row) return { gone: true };
    return { install: installToProto(row, everything, []), gone: row.state === 'deleted' };
  },
});
