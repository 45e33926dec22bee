// A crash after every external call of billing and of the installer, and every external call made twice: one sale.
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import type { FileServer } from '@cnap/testing';
import { eventually } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBadCharts } from './charts.ts';
import { factsOf } from './facts.ts';
import { startPlatform, type Faults, type Platform } from './platform.ts';
import {
  aCheckout,
  aProduct,
  chargesOf,
  installsOf,
  namespacesOf,
  pay,
  sessionsOf,
  statesOf,
  untilInstall,
  untilOrder,
} from './sales.ts';

let platform: Platform;
let badCharts: FileServer;
beforeAll(async () => {
  platform = await startPlatform();
  badCharts = await startBadCharts();
});
afterAll(async () => {
  await badCharts[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

/** Throws once after each call, by name; what it has thrown after is in `crashed`. */
function crashOnce(): { faults: Faults; crashed: Set<string> } {
  const crashed = new Set<string>();
  const afterExternalCall = (name: string) => {
    if (crashed.has(name)) return;
    crashed.add(name);
    throw new Error(`crash after ${name}`);
  };
  return { faults: { afterExternalCall }, crashed };
}

const callsOfASale = [
  'catalog.GetProductDetail',
  'installer.CheckFit',
  'stripe.checkout.sessions.create',
  'installer.EnsureInstall',
  'catalog.package',
  'kubernetes.prepareNamespace',
  'kubernetes.applyObjects',
  'kubernetes.runHooks',
  'kubernetes.observeHealth',
];

describe.each(['cut', 'repeated'] as const)('every external call %s', (kind) => {
  let crashed: Set<string>;
  const begin = async () => {
    const cut = crashOnce();
    crashed = cut.crashed;
    const faults = kind === 'cut' ? cut.faults : { repeatExternalCalls: true };
    await Promise.all([platform.restart('billing', faults), platform.restart('installer', faults)]);
  };
  /** In the run with crashes, these were met. */
  const expectCrashes = (names: string[]) =>
    expect([...crashed]).toEqual(expect.arrayContaining(kind === 'cut' ? names : []));

  test.each(['one_time', 'monthly'] as const)('a sale, %s, completes once', async (product) => {
    await begin();
    const before = await namespacesOf(platform);
    const { order, checkoutUrl } = await aCheckout(platform, platform.sample.products[product]);
    await pay(checkoutUrl);
    const done = await untilOrder(platform, order.id, OrderState.FULFILLED);
    expect(statesOf(done)).toEqual(['OPEN', 'AUTHORIZED', 'DEPLOYING', 'FULFILLED']);
    await untilInstall(platform, done.installId, ({ state }) => state === InstallState.RUNNING);
    expect(await sessionsOf(platform, order.id)).toHaveLength(1);
    expect(await chargesOf(platform, order.id)).toMatchObject([
      { amount_captured: Number(done.amountTotal), amount_refunded: 0 },
    ]);
    expect(await installsOf(platform, order.id)).toMatchObject([{ id: done.installId, revision: 1 }]);
    expect(await namespacesOf(platform)).toHaveLength(before.length + 1);
    expectCrashes([...callsOfASale, ...(product === 'one_time' ? ['stripe.paymentIntents.capture'] : [])]);
    await eventually(async () => {
      const facts = (await factsOf(platform, 'billing')).filter(
        ({ headers }) => headers['ce-subject'] === order.id,
      );
      const names = facts.map(({ subject }) => subject.split('.').at(-1));
      expect(names).toEqual(['open', 'authorized', 'deploying', 'fulfilled']);
    });
  });

  test.each(['one-time', 'monthly'] as const)('a sale, %s, that cannot be is undone once', async (price) => {
    const productId = await aProduct(platform, {
      chart: { repoUrl: badCharts.url, chart: 'picky' },
      inputs: [{ name: 'title', path: 'title', schema: { type: 'string' } }],
      price,
    });
    await begin();
    const before = await namespacesOf(platform);
    const { order, checkoutUrl } = await aCheckout(platform, productId, { title: 'awful' });
    await pay(checkoutUrl);
    const over = await untilOrder(platform, order.id, OrderState.REFUNDED);
    await untilInstall(platform, over.installId, ({ state }) => state === InstallState.DELETED);
    expect(await namespacesOf(platform)).toEqual(before);
    expect(await installsOf(platform, order.id)).toHaveLength(1);
    const [charge, ...others] = await chargesOf(platform, order.id);
    expect(others).toEqual([]);
    if (price === 'one-time') expect(charge).toMatchObject({ captured: false });
    else expect(charge).toMatchObject({ amount: 2_500, amount_refunded: 2_500 });
    expectCrashes([
      'installer.EndInstall',
      price === 'one-time' ? 'stripe.paymentIntents.cancel' : 'stripe.refunds.create',
    ]);
  });

  test('an install that its seller made and deletes is made and removed once', async () => {
    await begin();
    const before = await namespacesOf(platform);
    const { install } = await insist(() =>
      platform.as('seller').installs.createInstall({
        productId: platform.sample.products.one_time,
        regionId: platform.sample.region_id,
        inputs: { title: 'Mine' },
        requestId: `${kind}-own-install`,
      }),
    );
    const installId = install?.id ?? '';
    const seen = async () => (await platform.as('seller').installs.getInstall({ id: installId })).install;
    await eventually(async () => (await seen())?.state === InstallState.RUNNING, { timeoutMs: 200_000 });
    expect(await namespacesOf(platform)).toHaveLength(before.length + 1);
    await insist(() => platform.as('seller').installs.deleteInstall({ id: installId }));
    await eventually(async () => (await seen())?.state === InstallState.DELETED, { timeoutMs: 200_000 });
    expect(await namespacesOf(platform)).toEqual(before);
    expectCrashes(['kubernetes.removeObjects', 'kubernetes.removeNamespace']);
  });
});

/** Calls as a person who tries again. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt > 30) throw error;
    }
  }
}
