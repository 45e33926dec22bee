// Sales while every program of the platform is killed once with SIGKILL: none lost, none doubled.
//   CNAP_DATA=… node tools/stack/src/check-kills/main.ts        needs a platform of its own on kubesim and stripesim
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { createCnapClient, pages } from '@cnap/client';
import { messageOf } from '@cnap/errors';
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { red, say, seconds } from '../console.ts';
import { needDevFile, type DevFile } from '../dev-file.ts';
import { programs } from '../layout.ts';
import { openWitnesses, type Witnesses } from '../sale/verify.ts';

const victims = [...programs, 'NATS', 'Postgres'];
const salesAtOnce = 4;
const salesPerBatch = 40;
/** How long things run between two kills. */
const breathMs = 1_500;
const backAgainMs = 60_000;
/** A platform that is being restarted is waited for. */
const retries = 40;

type Batch = { count: number; succeeded: number; purchases: { orderId: string; error?: string }[] };

const dataDir = resolve(process.env['CNAP_DATA'] ?? '.cnap');

async function pids(): Promise<Record<string, number>> {
  return JSON.parse(await readFile(join(dataDir, 'pids.json'), 'utf8')) as Record<string, number>;
}

async function kill(name: string): Promise<void> {
  const pid = (await pids())[name];
  if (pid === undefined) throw new Error(`${name} has no process id in pids.json`);
  const begun = performance.now();
  process.kill(pid, 'SIGKILL');
  while ((await pids())[name] === pid) {
    if (performance.now() - begun > backAgainMs) throw new Error(`${name} did not come back`);
    await pause(50);
  }
  say(`killed ${name} (${pid}); up again after ${seconds(begun)}`);
}

/** `npm run sale`, as a process of its own. */
async function sell(): Promise<Batch> {
  const entry = new URL('../sale/main.ts', import.meta.url).pathname;
  const args = ['--count', salesPerBatch, '--parallel', salesAtOnce, '--timeout', 180, '--json'].map(String);
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const text = await textOf(child.stdout);
  if (!text.startsWith('{')) throw new Error(`the sales ended without a result: ${text}`);
  return JSON.parse(text) as Batch;
}

async function sellUntil(isOver: () => boolean): Promise<Batch[]> {
  const batches: Batch[] = [];
  do {
    const begun = performance.now();
    const batch = await sell();
    batches.push(batch);
    say(`${batch.succeeded} of ${batch.count} sales succeeded, in ${seconds(begun)}`);
    for (const { orderId, error } of batch.purchases.filter((each) => each.error !== undefined)) {
      say(`  ${orderId || 'no order'}: ${error}`);
    }
  } while (!isOver());
  return batches;
}

/** What there is of the sales, wherever it is counted. */
async function count(dev: DevFile, { stripe, stripeAccountId, cluster }: Witnesses) {
  const account = { stripeAccount: stripeAccountId };
  const { token, workspace_id: workspaceId } = dev.seller;
  const seller = createCnapClient({ baseUrl: dev.url, token, workspaceId, retries });
  let orders = 0;
  let otherOrders = 0;
  for await (const order of pages(seller.orders.listOrders, { pageSize: 100 })) {
    if (order.state === OrderState.FULFILLED) orders += 1;
    else otherOrders += 1;
  }
  let installs = 0;
  for await (const install of pages(seller.installs.listInstalls, { pageSize: 100 })) {
    if (install.state === InstallState.RUNNING) installs += 1;
  }
  const everySession = stripe.checkout.sessions.list({ limit: 100 }, account);
  const sessions = await everySession.autoPagingToArray({ limit: 10_000 });
  const intents = await stripe.paymentIntents
    .list({ limit: 100 }, account)
    .autoPagingToArray({ limit: 10_000 });
  const namespaces = await cluster.list({ apiVersion: 'v1', kind: 'Namespace' });
  return {
    'orders FULFILLED': orders,
    'orders in another state': otherOrders,
    'installs RUNNING': installs,
    'sessions at Stripe': sessions.length,
    'payments captured at Stripe': intents.filter(({ status }) => status === 'succeeded').length,
    'payments not captured': intents.filter(({ status }) => status !== 'succeeded').length,
    'namespaces on the cluster': namespaces.filter(({ metadata }) => metadata.name.startsWith('cnap-'))
      .length,
  };
}

async function main(): Promise<boolean> {
  const dev = await needDevFile(dataDir);
  const { token, workspace_id: workspaceId } = dev.seller;
  const seller = createCnapClient({ baseUrl: dev.url, token, workspaceId, retries });
  const { sellerAccount } = await seller.sellerAccounts.getSellerAccount({});
  await using witnesses = await openWitnesses(
    dev.stripe_url,
    sellerAccount?.stripeAccountId ?? '',
    dev.kubeconfig,
  );
  const before = await count(dev, witnesses);
  let killed = 0;
  const killing = (async () => {
    for (const victim of victims) {
      await pause(breathMs);
      await kill(victim);
      killed += 1;
    }
  })();
  const [batches] = await Promise.all([sellUntil(() => killed === victims.length), killing]);
  const wanted = batches.reduce((sum, batch) => sum + batch.count, 0);
  const sold = batches.reduce((sum, batch) => sum + batch.succeeded, 0);
  const after = await count(dev, witnesses);
  let isEqual = sold === wanted;
  for (const [what, number] of Object.entries(after)) {
    const more = number - (before[what as keyof typeof before] ?? 0);
    const expected = /another|not captured/.test(what) ? 0 : wanted;
    isEqual &&= more === expected;
    say(`${more === expected ? 'ok    ' : 'WRONG '} ${what}: ${more}, expected ${expected}`);
  }
  return isEqual;
}

try {
  process.exit((await main()) ? 0 : 1);
} catch (error) {
  process.stderr.write(`${red('✗')} ${messageOf(error)}\n`);
  process.exit(1);
}
