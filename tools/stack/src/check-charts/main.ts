// Real charts sold on a running platform, through the public API only: template → package → product with a price →
// sale → RUNNING → refunded or cancelled → deleted with a receipt, the namespace gone.
//   CNAP_DATA=… CNAP_TEST_CHARTS=<folder> node tools/stack/src/check-charts/main.ts [chart …]
import { resolve } from 'node:path';
import { createCnapClient, type CnapClient } from '@cnap/client';
import { messageOf } from '@cnap/errors';
import { newId } from '@cnap/ids';
import type { JsonObject } from '@bufbuild/protobuf';
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { green, red, say, seconds } from '../console.ts';
import { needDevFile, type DevFile } from '../dev-file.ts';
import { Mistake } from '../options.ts';
import { buy } from '../sale/buy.ts';
import { openWitnesses, type Witnesses } from '../sale/verify.ts';
import { watching } from '../sale/watching.ts';
import { serveFolder } from './serve-folder.ts';

const usual = ['podinfo', 'nats', 'vault', 'traefik'];
/** Sold by the month, the others for good. */
const monthly = new Set(['nats', 'traefik']);
/** What a chart needs to become ready at all. */
const values: Record<string, JsonObject> = { vault: { server: { dev: { enabled: true } } } };
const chartTimeoutMs = 120_000;

type Shop = { dev: DevFile; seller: CnapClient; buyer: CnapClient; witnesses: Witnesses; repoUrl: string };

async function packageOf({ seller, repoUrl }: Shop, chart: string, signal: AbortSignal): Promise<string> {
  const source = values[chart] === undefined ? {} : { values: values[chart] };
  const { template, packageId } = await seller.templates.createTemplate({
    name: `Chart ${chart}`,
    sources: [{ kind: { case: 'helmChart', value: { repoUrl, chart, version: '' } }, ...source }],
    requestId: newId('req'),
  });
  const watch = (both: AbortSignal) => seller.packages.watchPackage({ id: packageId }, { signal: both });
  for await (const { package: built } of watching(watch, signal)) {
    if (built?.state === PackageState.READY) return template?.id ?? '';
    if (built?.state === PackageState.FAILED) throw new Error(`the package failed: ${built.stateMessage}`);
  }
  throw new Error('the build ended without a result');
}

async function productOf(shop: Shop, chart: string, templateId: string, isMonthly: boolean): Promise<string> {
  const { stripe, stripeAccountId } = shop.witnesses;
  const price = await stripe.prices.create(
    {
      currency: 'eur',
      unit_amount: 3_000,
      product_data: { name: chart },
      ...(isMonthly ? { recurring: { interval: 'month' } } : {}),
    },
    { stripeAccount: stripeAccountId },
  );
  const { product } = await shop.seller.products.createProduct({
    name: `Chart ${chart}`,
    templateId,
    clusterIds: [shop.dev.cluster_id],
    stripePriceIds: [price.id],
    requestId: newId('req'),
  });
  return product?.id ?? '';
}

/** One-time orders are refunded by the seller, subscriptions cancelled by the buyer. */
async function undo({ seller, buyer }: Shop, orderId: string, isMonthly: boolean, signal: AbortSignal) {
  if (isMonthly) await buyer.orders.cancelOrder({ id: orderId, atOnce: true });
  else await seller.orders.refundOrder({ id: orderId, requestId: newId('req') });
  const watch = (both: AbortSignal) => buyer.orders.watchOrder({ id: orderId }, { signal: both });
  for await (const { order } of watching(watch, signal)) if (order?.state === OrderState.ENDED) return;
}

/** Waits until the install is gone, and checks on the cluster that it is. Returns how many objects it had. */
async function expectGone({ buyer, witnesses }: Shop, id: string, signal: AbortSignal): Promise<number> {
  const watch = (both: AbortSignal) => buyer.installs.watchInstall({ id }, { signal: both });
  let namespace = '';
  for await (const { install } of watching(watch, signal)) {
    namespace = install?.namespace || namespace;
    if (install?.state === InstallState.DELETED) break;
  }
  const { deletionReceipt } = await buyer.installs.getDeletionReceipt({ installId: id });
  const objects = deletionReceipt?.objects ?? [];
  if (!objects.some(({ kind, name }) => kind === 'Namespace' && name === namespace)) {
    throw new Error(`the receipt does not have the namespace ${namespace}`);
  }
  const left = await witnesses.cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  if (left) throw new Error(`the namespace ${namespace} is still there`);
  return objects.length;
}

async function checkChart(shop: Shop, chart: string, isMonthly: boolean): Promise<void> {
  const begun = performance.now();
  const signal = AbortSignal.timeout(chartTimeoutMs);
  const templateId = await packageOf(shop, chart, signal);
  const productId = await productOf(shop, chart, templateId, isMonthly);
  const purchase = await buy(
    {
      client: shop.buyer,
      witnesses: shop.witnesses,
      productId,
      regionId: undefined,
      decline: false,
      onStep: () => undefined,
    },
    signal,
  );
  if (purchase.error !== undefined) throw new Error(purchase.error);
  const running = seconds(begun);
  await undo(shop, purchase.orderId, isMonthly, signal);
  const objects = await expectGone(shop, purchase.installId, signal);
  const how = isMonthly ? 'cancelled' : 'refunded';
  say(
    `${green('✓')} ${chart}: RUNNING after ${running}; ${how}, ${objects} objects removed, after ${seconds(begun)}`,
  );
}

async function main(): Promise<boolean> {
  const folder = process.env['CNAP_TEST_CHARTS'];
  if (!folder) throw new Mistake('set CNAP_TEST_CHARTS to a folder that is a Helm repository');
  const dev = await needDevFile(resolve(process.env['CNAP_DATA'] ?? '.cnap'));
  await using charts = await serveFolder(folder);
  const as = ({ token, workspace_id: workspaceId }: DevFile['seller']) =>
    createCnapClient({ baseUrl: dev.url, token, workspaceId });
  const seller = as(dev.seller);
  const { sellerAccount } = await seller.sellerAccounts.getSellerAccount({});
  await using witnesses = await openWitnesses(
    dev.stripe_url,
    sellerAccount?.stripeAccountId ?? '',
    dev.kubeconfig,
  );
  const shop = { dev, seller, buyer: as(dev.buyer), witnesses, repoUrl: charts.url };
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : usual;
  const results = await Promise.allSettled(
    wanted.map((chart) => checkChart(shop, chart, monthly.has(chart))),
  );
  for (const [index, result] of results.entries()) {
    if (result.status === 'rejected') say(`${red('✗')} ${wanted[index]}: ${messageOf(result.reason)}`);
  }
  return results.every(({ status }) => status === 'fulfilled');
}

try {
  process.exit((await main()) ? 0 : 1);
} catch (error) {
  process.stderr.write(`${red('✗')} ${messageOf(error)}\n`);
  process.exit(1);
}
