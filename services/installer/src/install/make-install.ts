import { publish } from '@cnap/events';
import { newId, shortId } from '@cnap/ids';
import { wake } from '@cnap/reconcile';
import type { Keyring } from '@cnap/secrets';
import { currentTraceparent } from '@cnap/telemetry';
import type { InstallRow, Tx } from '../database.ts';
import { installFact } from './event.ts';
import type { PackageSeen, ProductSeen } from './port.ts';
import { findInstallOfOrder, insertInstall } from './store.ts';
import { newPasswords, publicAnswers, type SealedInputs } from './values.ts';

export type NewInstall = {
  workspaceId: string;
  product: ProductSeen;
  package: PackageSeen;
  regionId: string;
  name: string;
  answers: Record<string, unknown>;
  quantity: number;
  orderId: string | undefined;
  idempotencyKey: string | undefined;
};

/** Makes an install and its fact, and wakes its reconciler; an order's second call returns the install it has. */
export async function makeInstall(tx: Tx, keyring: Keyring, wanted: NewInstall): Promise<InstallRow> {
  const { product } = wanted;
  const id = newId('ins');
  const sealed: SealedInputs = {
    answers: wanted.answers,
    quantity: wanted.quantity,
    passwords: newPasswords(product.column),
  };
  const row = await insertInstall(tx, {
    id,
    workspace_id: wanted.workspaceId,
    seller_workspace_id: product.workspaceId,
    name: wanted.name || product.name,
    product_id: product.id,
    template_id: product.templateId,
    order_id: wanted.orderId ?? null,
    idempotency_key: wanted.idempotencyKey ?? null,
    region_id: wanted.regionId,
    cluster_id: null,
    namespace: null,
    release_name: `cnap-${shortId(id)}`,
    package_id: wanted.package.id,
    package_version: wanted.package.version,
    package_digest: wanted.package.digest,
    product: JSON.stringify(product.column),
    needs: JSON.stringify(wanted.package.needs),
    sealed_inputs: keyring.seal(JSON.stringify(sealed), id),
    public_inputs: JSON.stringify(publicAnswers(product.column, wanted.answers)),
    sealed_outputs: null,
    release_id: null,
    traceparent: currentTraceparent() ?? null,
  });
  if (!row) {
    const known = wanted.orderId === undefined ? undefined : await findInstallOfOrder(tx, wanted.orderId);
    if (!known) throw new Error('an install was neither made nor found');
    return known;
  }
  await publish(tx, installFact('created', row));
  await wake(tx, 'install', id);
  return row;
}
