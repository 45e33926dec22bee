import { publish } from '@cnap/events';
import { newId, shortId } from '@cnap/ids';
import { wake } from '@cnap/reconcile';
import type { Keyring } from '@cnap/secrets';
import { currentTraceparent } from '@cnap/telemetry';
import type { InstallRow, Needs, ProductColumn, Tx, UpdatePolicyName } from '../database.ts';
import { installFact } from './event.ts';
import { sealOverrides, type Overrides } from './overrides.ts';
import type { PackageSeen, ProductSeen } from './port.ts';
import { findInstallOfOrder, insertInstall } from './store.ts';
import { newPasswords, publicAnswers, type SealedInputs } from './values.ts';

export type NewInstall = {
  workspaceId: string;
  sellerWorkspaceId: string;
  productId: string | undefined;
  templateId: string;
  column: ProductColumn;
  updatePolicy: UpdatePolicyName;
  /** undefined: its package is being built, and its id is `packageId`. */
  package: PackageSeen | undefined;
  packageId: string;
  regionId: string;
  name: string;
  answers: Record<string, unknown>;
  overrides: Overrides;
  quantity: number;
  orderId: string | undefined;
  idempotencyKey: string | undefined;
};

/** What an install has from its product. */
export const fromProduct = (product: ProductSeen, pack: PackageSeen, name: string) => ({
  sellerWorkspaceId: product.workspaceId,
  productId: product.id,
  templateId: product.templateId,
  column: product.column,
  updatePolicy: product.updatePolicy,
  package: pack,
  packageId: pack.id,
  name: name || product.name,
});

const noNeeds: Needs = { cpuMillis: 0, memoryBytes: 0, pods: 0 };

/** Makes an install and its fact, and wakes its reconciler; an order's second call returns the install it has. */
export async function makeInstall(tx: Tx, keyring: Keyring, wanted: NewInstall): Promise<InstallRow> {
  const { column, package: pack } = wanted;
  const id = newId('ins');
  const sealed: SealedInputs = {
    answers: wanted.answers,
    quantity: wanted.quantity,
    passwords: newPasswords(column),
  };
  const row = await insertInstall(tx, {
    id,
    workspace_id: wanted.workspaceId,
    seller_workspace_id: wanted.sellerWorkspaceId,
    name: wanted.name,
    product_id: wanted.productId ?? null,
    template_id: wanted.templateId,
    order_id: wanted.orderId ?? null,
    idempotency_key: wanted.idempotencyKey ?? null,
    region_id: wanted.regionId,
    cluster_id: null,
    namespace: null,
    release_name: `cnap-${shortId(id)}`,
    package_id: wanted.packageId,
    package_version: pack?.version ?? '',
    package_digest: pack?.digest ?? '',
    package_wanted: pack ? null : wanted.packageId,
    ...(pack ? {} : { step: 'package' }),
    product: JSON.stringify(column),
    needs: JSON.stringify(pack?.needs ?? noNeeds),
    sealed_inputs: keyring.seal(JSON.stringify(sealed), id),
    sealed_overrides: sealOverrides(keyring, id, wanted.overrides),
    update_policy: wanted.updatePolicy,
    public_inputs: JSON.stringify(publicAnswers(column, wanted.answers)),
    sealed_outputs: null,
    release_id: null,
    rollback_to: null,
    healthy_release_id: null,
    traceparent: currentTraceparent() ?? null,
  });
  if (!row) {
    const known = wanted.orderId === undefined ? undefined : await findInstallOfOrder(tx, wanted.orderId);
    if (!known) throw new Error('an install was neither made nor found');
    return known;
  }
  await Promise.all([publish(tx, installFact('created', row)), wake(tx, 'install', id)]);
  return row;
}
