import { readFile } from 'node:fs/promises';
import type { Order } from '@cnap/proto/cnap/billing/v1/order';
import { PaymentMode } from '@cnap/proto/cnap/billing/v1/order';
import { connect, parseKubeconfig, type Cluster, type KubeObject } from '@cnap/kubernetes';
import { Stripe } from 'stripe';

/** Stripe's and Kubernetes' own APIs: a sale is judged by them, not by our database. */
export type Witnesses = { stripe: Stripe; stripeAccountId: string; cluster: Cluster };

export async function openWitnesses(
  stripeUrl: string,
  stripeAccountId: string,
  kubeconfigPath: string,
): Promise<Witnesses & AsyncDisposable> {
  const { hostname, port, protocol } = new URL(stripeUrl);
  const key = process.env['STRIPE_SECRET_KEY'] ?? 'sk_test_simulated';
  const options = protocol === 'http:' ? { host: hostname, port, protocol: 'http' as const } : {};
  const cluster = connect(parseKubeconfig(await readFile(kubeconfigPath, 'utf8')));
  return {
    stripe: new Stripe(key, { ...options, maxNetworkRetries: 2, timeout: 20_000 }),
    stripeAccountId,
    cluster,
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

/** Reads at Stripe that exactly the order's money was taken. Throws what is wrong. */
export async function verifyMoney({ stripe, stripeAccountId }: Witnesses, order: Order): Promise<void> {
  const account = { stripeAccount: stripeAccountId };
  if (order.paymentMode === PaymentMode.FREE) return;
  if (order.stripeSessionId === '') throw new Error(`order ${order.id} has no Checkout Session`);
  const session = await stripe.checkout.sessions.retrieve(order.stripeSessionId, {}, account);
  if (session.metadata?.['orderId'] !== order.id)
    throw new Error('the Checkout Session belongs to another order');
  if (order.paymentMode === PaymentMode.ONE_TIME) {
    const id = idOf(session.payment_intent);
    const intent = await stripe.paymentIntents.retrieve(id, {}, account);
    if (intent.status !== 'succeeded' || intent.amount_received !== Number(order.amountTotal)) {
      throw new Error(
        `Stripe took ${intent.amount_received} of ${order.amountTotal} (payment intent ${intent.status})`,
      );
    }
    return;
  }
  const subscription = await stripe.subscriptions.retrieve(idOf(session.subscription), {}, account);
  if (subscription.status !== 'active' && subscription.status !== 'trialing') {
    throw new Error(`the subscription is ${subscription.status}`);
  }
}

const idOf = (reference: string | { id: string } | null): string =>
  typeof reference === 'string' ? reference : (reference?.id ?? '');

const workloadKinds = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
];

/** Reads on the cluster that the install has its workloads and that every one is ready. Throws what is wrong. */
export async function verifyWorkloads(cluster: Cluster, namespace: string): Promise<number> {
  const lists = await Promise.all(workloadKinds.map((kind) => cluster.list(kind, { namespace })));
  const workloads = lists.flat();
  if (workloads.length === 0) throw new Error(`there is no workload in namespace ${namespace}`);
  for (const workload of workloads) {
    const { wanted, ready } = replicas(workload);
    if (ready < wanted) {
      throw new Error(
        `${workload.kind} ${workload.metadata.name} in ${namespace} has ${ready} of ${wanted} pods ready`,
      );
    }
  }
  return workloads.length;
}

function replicas(workload: KubeObject): { wanted: number; ready: number } {
  const spec = (workload['spec'] ?? {}) as { replicas?: number };
  const status = (workload['status'] ?? {}) as {
    readyReplicas?: number;
    desiredNumberScheduled?: number;
    numberReady?: number;
  };
  return workload.kind === 'DaemonSet'
    ? { wanted: status.desiredNumberScheduled ?? 1, ready: status.numberReady ?? 0 }
    : { wanted: spec.replicas ?? 1, ready: status.readyReplicas ?? 0 };
}
