// Asks everybody who could know what became of it all: the public API, Stripe, the cluster, the database.
import type { DescEnum } from '@bufbuild/protobuf';
import { pages, type CnapClient } from '@cnap/client';
import type { KubeObject } from '@cnap/kubernetes';
import { serviceNames } from '@cnap/proto';
import { OrderStateSchema, PaymentMode } from '@cnap/proto/cnap/billing/v1/order';
import { InstallStateSchema } from '@cnap/proto/cnap/installer/v1/install';
import type { Pool } from 'pg';
import type { Witnesses } from '../sale/verify.ts';
import type { Bought } from './buyer.ts';
import type { Found } from './found.ts';
import type { Refusal } from './insist.ts';

const everything = 10_000; // what the SDK allows
const installLabel = 'cnap.tech/install';
const modes = { [PaymentMode.ONE_TIME]: 'one-time', [PaymentMode.SUBSCRIPTION]: 'subscription' } as const;

/** Looks everywhere. */
export async function collect(
  from: { seller: CnapClient; witnesses: Witnesses; database: Pool },
  bought: readonly Bought[],
  refusals: readonly Refusal[],
): Promise<Found> {
  const [orders, installs, stripe, cluster, platform] = await Promise.all([
    ordersOf(from.seller),
    installsOf(from.seller),
    stripeOf(from.witnesses),
    clusterOf(from.witnesses),
    platformOf(from.database),
  ]);
  const purchases = bought.map(({ planned, orderId, paidMs, doneMs, wanted, note }) => ({
    index: planned.index,
    orderId,
    isPaid: paidMs !== undefined,
    isDone: doneMs !== undefined,
    wanted,
    note,
  }));
  return { purchases, refusals: [...refusals], orders, installs, stripe, cluster, platform };
}

const nameOf = (schema: DescEnum, value: number): string => schema.value[value]?.localName ?? String(value);
const idOf = (reference: string | { id: string } | null | undefined): string =>
  typeof reference === 'string' ? reference : (reference?.id ?? '');

async function ordersOf(seller: CnapClient): Promise<Found['orders']> {
  const found: Found['orders'] = [];
  for await (const order of pages(seller.orders.listOrders, { pageSize: 100 })) {
    const { id, reason, message, installId } = order;
    found.push({
      id,
      reason,
      message,
      installId,
      state: nameOf(OrderStateSchema, order.state),
      mode: modes[order.paymentMode as keyof typeof modes] ?? 'free',
      captured: Number(order.amountCaptured),
      refunded: Number(order.amountRefunded),
    });
  }
  return found;
}

async function installsOf(seller: CnapClient): Promise<Found['installs']> {
  const found: Found['installs'] = [];
  for await (const install of pages(seller.installs.listInstalls, { pageSize: 100, showDeleted: true })) {
    const { id, orderId, message, namespace } = install;
    found.push({ id, orderId, message, namespace, state: nameOf(InstallStateSchema, install.state) });
  }
  return found;
}

async function stripeOf({ stripe, stripeAccountId }: Witnesses): Promise<Found['stripe']> {
  const account = { stripeAccount: stripeAccountId };
  const limit = { limit: everything };
  const page = { limit: 100 };
  const [sessions, intents, subscriptions, invoices, charges] = await Promise.all([
    stripe.checkout.sessions.list(page, account).autoPagingToArray(limit),
    stripe.paymentIntents.list(page, account).autoPagingToArray(limit),
    stripe.subscriptions.list({ ...page, status: 'all' }, account).autoPagingToArray(limit),
    stripe.invoices.list({ ...page, expand: ['data.payments'] }, account).autoPagingToArray(limit),
    stripe.charges.list(page, account).autoPagingToArray(limit),
  ]);
  const orderOfIntent = new Map<string, string>();
  const orderOfSubscription = new Map<string, string>();
  for (const session of sessions) {
    const orderId = session.metadata?.['orderId'] ?? '';
    if (session.payment_intent) orderOfIntent.set(idOf(session.payment_intent), orderId);
    if (session.subscription) orderOfSubscription.set(idOf(session.subscription), orderId);
  }
  for (const { parent, payments } of invoices) {
    const orderId = orderOfSubscription.get(idOf(parent?.subscription_details?.subscription)) ?? '';
    for (const { payment } of payments?.data ?? []) orderOfIntent.set(idOf(payment.payment_intent), orderId);
  }
  return {
    sessions: sessions.map((session) => ({
      id: session.id,
      orderId: session.metadata?.['orderId'] ?? '',
      isComplete: session.status === 'complete',
      intentId: idOf(session.payment_intent),
      subscriptionId: idOf(session.subscription),
    })),
    intents: intents.map(({ id, status }) => ({ id, status })),
    subscriptions: subscriptions.map(({ id, status, metadata }) => ({
      id,
      orderId: orderOfSubscription.get(id) ?? metadata['orderId'] ?? '',
      isLive: status === 'active' || status === 'trialing',
    })),
    charges: charges.map((charge) => ({
      id: charge.id,
      orderId: orderOfIntent.get(idOf(charge.payment_intent)) ?? '',
      captured: charge.amount_captured,
      refunded: charge.captured ? charge.amount_refunded : 0,
    })),
  };
}

const rbac = 'rbac.authorization.k8s.io/v1';
const wideKinds = [
  { apiVersion: rbac, kind: 'ClusterRole' },
  { apiVersion: rbac, kind: 'ClusterRoleBinding' },
  { apiVersion: 'v1', kind: 'PersistentVolume' },
];

async function clusterOf({ cluster }: Witnesses): Promise<Found['cluster']> {
  const [namespaces, deployments, configMaps, ...wide] = await Promise.all([
    cluster.list({ apiVersion: 'v1', kind: 'Namespace' }),
    cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment' }),
    cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }),
    ...wideKinds.map((kind) => cluster.list(kind)),
  ]);
  const ofInstalls = ({ metadata }: KubeObject) => (metadata.namespace ?? metadata.name).startsWith('cnap-');
  const labelOf = ({ metadata }: KubeObject) => metadata.labels?.[installLabel] ?? '';
  return {
    namespaces: (namespaces ?? [])
      .filter(ofInstalls)
      .map((object) => ({ name: object.metadata.name, installId: labelOf(object) })),
    clusterWide: wide
      .flat()
      .map((object) => {
        const spec = (object['spec'] ?? {}) as { claimRef?: { namespace?: string } };
        const namespace = spec.claimRef?.namespace ?? '';
        return { kind: object.kind, name: object.metadata.name, installId: labelOf(object), namespace };
      })
      .filter(
        ({ installId, namespace, name }) => installId !== '' || `${namespace}${name}`.startsWith('cnap-'),
      ),
    workloads: (deployments ?? []).filter(ofInstalls).map((object) => ({
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
      isReady: ((object['status'] ?? {}) as { readyReplicas?: number }).readyReplicas === 1,
    })),
    notes: (configMaps ?? []).filter(ofInstalls).flatMap((object) => {
      const { note } = (object['data'] ?? {}) as { note?: string };
      return note === undefined ? [] : [{ namespace: object.metadata.namespace ?? '', note }];
    }),
  };
}

async function platformOf(database: Pool): Promise<Found['platform']> {
  const found: Found['platform'] = { deadLetters: [], failingTasks: [], unsentFacts: [] };
  for (const service of serviceNames) {
    const [letters, tasks, facts] = await Promise.all([
      database.query(`select subject, resource_id, error from ${service}.dead_letter where outcome is null`),
      database.query(
        `select kind, key, last_error from ${service}.reconcile_task where failing_since is not null`,
      ),
      database.query(`select count(*)::int as count from ${service}.outbox where published_at is null`),
    ]);
    for (const { subject, resource_id: resourceId, error } of letters.rows)
      found.deadLetters.push({ service, subject, resourceId, error });
    for (const { kind, key, last_error: error } of tasks.rows)
      found.failingTasks.push({ service, kind, key, error });
    found.unsentFacts.push({ service, count: facts.rows[0]?.count ?? 0 });
  }
  return found;
}
