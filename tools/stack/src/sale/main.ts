// `npm run sale`: buys like a buyer, and checks at Stripe and Kubernetes that the sale is one.
import { messageOf } from '@cnap/errors';
import { createCnapClient } from '@cnap/client';
import { dim, green, red, say } from '../console.ts';
import { needDevFile } from '../dev-file.ts';
import { Mistake } from '../options.ts';
import { buy, type Buying, type Purchase } from './buy.ts';
import { readSaleOptions, saleUsage, type SaleOptions } from './options.ts';
import { summary, table } from './table.ts';
import { openWitnesses } from './verify.ts';

/** A platform that is being restarted is waited for. */
const retries = 40;

async function main(): Promise<boolean> {
  if (process.argv.includes('--help')) {
    say(saleUsage);
    return true;
  }
  const options = readSaleOptions(process.argv.slice(2));
  const dev = await needDevFile(options.dataDir);
  // A buyer does not see the seller's Stripe account; whoever checks the sale at Stripe needs it.
  const { token, workspace_id: workspaceId } = dev.seller;
  const seller = createCnapClient({ baseUrl: dev.url, token, workspaceId, retries });
  const { sellerAccount } = await seller.sellerAccounts.getSellerAccount({});
  await using witnesses = await openWitnesses(
    dev.stripe_url,
    sellerAccount?.stripeAccountId ?? '',
    dev.kubeconfig,
  );
  const client = createCnapClient({
    baseUrl: dev.url,
    token: dev.buyer.token,
    workspaceId: dev.buyer.workspace_id,
    retries,
  });
  const single = options.count === 1 && !options.json;
  const buying: Buying = {
    client,
    witnesses,
    productId: options.productId ?? dev.products.one_time,
    regionId: undefined,
    decline: options.decline,
    onStep(step, detail, ms) {
      if (single) say(`${green('✓')} ${step.padEnd(9)} ${`${ms.toFixed(0)} ms`.padStart(8)}  ${dim(detail)}`);
    },
  };
  const begun = performance.now();
  const purchases = await buyAll(buying, options);
  const failed = purchases.filter((purchase) => purchase.error !== undefined);
  report(purchases, failed, options, performance.now() - begun);
  return failed.length === 0;
}

async function buyAll(buying: Buying, options: SaleOptions): Promise<Purchase[]> {
  const purchases: Purchase[] = [];
  let begun = 0;
  const worker = async () => {
    while (begun < options.count) {
      begun += 1;
      purchases.push(await buy(buying, AbortSignal.timeout(options.timeoutMs)));
      progress(purchases, options);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, options.count) }, worker));
  return purchases;
}

function progress(purchases: readonly Purchase[], { count, json }: SaleOptions): void {
  if (count === 1 || json || !process.stderr.isTTY) return;
  const width = 30;
  const done = Math.round((purchases.length / count) * width);
  const failed = purchases.filter(({ error }) => error !== undefined).length;
  const bar = `${'█'.repeat(done)}${'░'.repeat(width - done)} ${purchases.length}/${count}`;
  process.stderr.write(
    `\r${bar}${failed > 0 ? `  ${failed} failed` : ''}${purchases.length === count ? '\n' : ''}`,
  );
}

function report(purchases: Purchase[], failed: Purchase[], options: SaleOptions, ms: number): void {
  const sold = purchases.length - failed.length;
  if (options.json) {
    return say(
      JSON.stringify({ count: purchases.length, succeeded: sold, ms, steps: summary(purchases), purchases }),
    );
  }
  for (const { orderId, error } of failed.slice(0, 10)) say(`${red('✗')} ${orderId || 'no order'}: ${error}`);
  if (failed.length > 10) say(`  … and ${failed.length - 10} more`);
  if (options.count > 1) say(table(purchases));
  const what = options.decline ? 'declined as they should be, nothing sold' : 'sold, captured and running';
  return say(
    `${failed.length === 0 ? green('✓') : red('✗')} ${sold} of ${purchases.length} ${what}, in ${(ms / 1_000).toFixed(1)} s`,
  );
}

try {
  process.exit((await main()) ? 0 : 1);
} catch (error) {
  process.stderr.write(`${red('✗')} ${error instanceof Mistake ? error.message : messageOf(error)}\n`);
  process.exit(1);
}
