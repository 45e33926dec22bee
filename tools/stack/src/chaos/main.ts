// `npm run chaos`: purchases, updates and deletes while everything is killed, frozen and cut off, and then a look at
// what became of them. See "Under fire" in ../../README.md.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createCnapClient } from '@cnap/client';
import { messageOf } from '@cnap/errors';
import type { Pool } from 'pg';
import { serveFolder } from '../check-charts/serve-folder.ts';
import { dim, red, say, step } from '../console.ts';
import { Mistake } from '../options.ts';
import { openWitnesses } from '../sale/verify.ts';
import { buyAndLive, type Bought, type Shop } from './buyer.ts';
import { isFinal, type Violation } from './check.ts';
import { collect } from './collect.ts';
import { burn, putOut, type Burnt, type Fire } from './fire.ts';
import type { Found } from './found.ts';
import { directKubeconfig, standUp, type Ground } from './ground.ts';
import { makeOffer, writeChart } from './offer.ts';
import { chaosUsage, readChaosOptions, type ChaosOptions } from './options.ts';
import { pictureOf, type Drawn } from './picture.ts';
import { processesOf } from './processes.ts';
import { showProgress } from './progress.ts';
import { tell } from './report.ts';
import { scheduleOf, type PlannedPurchase } from './schedule.ts';
import { settle } from './settle.ts';

function bearing(
  { planned, orderId, paidMs, settledMs, doneMs }: Bought,
  found: Found,
  wrong: Set<string>,
): Drawn {
  const state = found.orders.find(({ id }) => id === orderId)?.state ?? 'none';
  const { index, story } = planned;
  return { index, story, paidMs, settledMs, doneMs, state, hasViolation: wrong.has(orderId) };
}

const wantedOf = {
  keep: 'fulfilled',
  update: 'fulfilled',
  rollback: 'fulfilled',
  end: 'ended',
  'cancel-early': 'undone',
  broken: 'refunded',
} as const;

const notYet = (planned: PlannedPurchase): Bought => ({
  planned,
  orderId: '',
  installId: '',
  note: undefined,
  wanted: wantedOf[planned.story],
  begunMs: 0,
});

async function main(): Promise<boolean> {
  if (process.argv.includes('--help')) {
    say(chaosUsage);
    return true;
  }
  const options = readChaosOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31));
  const repeat = `npm run chaos -- --purchases ${options.purchases} --seed ${options.seed} --seconds ${options.lengthMs / 1_000}`;
  say(repeat);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Mistake(`ended by ${signal}`)));
  await using owned = new AsyncDisposableStack();
  const ground = await step('the platform, with a proxy between any two of its programs', () =>
    standUp(owned),
  );
  const { dev } = ground.platform;
  const client = (person: 'seller' | 'buyer') =>
    createCnapClient({
      baseUrl: dev.url,
      token: dev[person].token,
      workspaceId: dev[person].workspace_id,
      retries: 0,
    });
  const seller = client('seller');
  const kubeconfig = await directKubeconfig(ground);
  const { sellerAccount } = await seller.sellerAccounts.getSellerAccount({});
  const witnesses = owned.use(
    await openWitnesses(dev.stripe_url, sellerAccount?.stripeAccountId ?? '', kubeconfig.path),
  );
  const offer = await step('two products, with cluster-wide objects', async () => {
    const folder = join(ground.platform.dataDir, 'charts');
    await writeChart(folder);
    const charts = owned.use(await serveFolder(folder));
    return makeOffer(seller, witnesses, {
      repoUrl: charts.url,
      clusterId: dev.cluster_id,
      regionId: dev.region_id,
    });
  });
  const begunAt = performance.now();
  const now = () => performance.now() - begunAt;
  const fire: Fire = {
    processes: processesOf(ground.platform.dataDir),
    network: ground.network,
    cluster: { url: `http://127.0.0.1:${ground.kept.ports.kubesim}`, token: kubeconfig.token },
    stripeUrl: dev.stripe_url,
    now,
  };
  const shop: Shop = { buyer: client('buyer'), seller, witnesses, offer, refusals: [], now };
  const look = (bought: readonly Bought[]) =>
    collect({ seller, witnesses, database: ground.database }, bought, shop.refusals);
  const run = await runAll(options, { fire, shop, look, database: ground.database, stop: stop.signal });
  await report(options, repeat, run, shop);
  await keepLogs(ground, options);
  return run.violations.length === 0;
}

type Run = {
  bought: Bought[];
  burnt: Burnt[];
  calmMs: number;
  endMs: number;
  found: Found;
  violations: Violation[];
};

type Scene = {
  fire: Fire;
  shop: Shop;
  look: (bought: readonly Bought[]) => Promise<Found>;
  database: Pool;
  stop: AbortSignal;
};

async function runAll(options: ChaosOptions, { fire, shop, look, database, stop }: Scene): Promise<Run> {
  const { purchases, faults } = scheduleOf(options);
  const bought = purchases.map(notYet);
  const burnt: Burnt[] = [];
  using progress = showProgress(bought, burnt, { faults: faults.length, now: fire.now });
  const longest = options.lengthMs + options.patienceMs;
  const over = AbortSignal.any([stop, AbortSignal.timeout(longest)]);
  const buying = Promise.all(
    bought.map(async (each) => {
      await pause(each.planned.atMs, undefined, { signal: over });
      await buyAndLive(shop, each, over);
    }),
  ).catch((error: unknown) => {
    if (!over.aborted) throw error; // who is not through is found by the check
  });
  await burn(fire, faults, over, (each) => burnt.push(each));
  await putOut(fire, over);
  const calmMs = fire.now();
  progress.phase('calm: everything settles');
  const { found, violations } = await settle(
    () => insistently(() => look(bought)),
    { database, untilMs: longest, now: fire.now, stop },
    (left) => progress.phase(`calm: ${left.filter((each) => !isFinal(each)).length} to settle`),
  );
  await buying;
  return { bought, burnt, calmMs, endMs: fire.now(), found, violations };
}

/** What is asked of a program that has just been killed is asked again. */
async function insistently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 30) throw error;
      await pause(1_000);
    }
  }
}

async function report(options: ChaosOptions, repeat: string, run: Run, shop: Shop): Promise<void> {
  const { bought, burnt, calmMs, endMs, found, violations } = run;
  const wrong = new Set(violations.map(({ orderId }) => orderId).filter((id) => id !== ''));
  const purchases = bought.map((each) => bearing(each, found, wrong));
  const { seed, folder } = options;
  const files = { picture: join(folder, 'timeline.svg'), json: join(folder, 'report.json') };
  await mkdir(folder, { recursive: true });
  await writeFile(
    files.picture,
    pictureOf({ seed, endMs, calmMs, burnt, purchases, violations: violations.length }),
  );
  const json = {
    repeat,
    seed,
    date: new Date().toISOString(),
    calmMs,
    endMs,
    violations,
    bought,
    burnt,
    found,
  };
  await writeFile(files.json, `${JSON.stringify(json, undefined, 2)}\n`);
  tell({
    seed,
    repeat,
    purchases,
    burnt,
    refusals: shop.refusals,
    violations,
    settledMs: endMs - calmMs,
    files,
  });
}

/** What the programs said goes beside the report, before its folder is removed. */
async function keepLogs({ platform }: Ground, { folder }: ChaosOptions): Promise<void> {
  await cp(join(platform.dataDir, 'logs'), join(folder, 'logs'), { recursive: true });
  await cp(platform.log, join(folder, 'logs', 'platform.log'));
  say(dim(`logs      ${join(folder, 'logs')}`));
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${red('✗')} ${error instanceof Mistake ? error.message : messageOf(error)}\n`);
  if (process.env['CNAP_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
}
process.exit();
