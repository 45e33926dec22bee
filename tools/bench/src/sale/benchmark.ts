import { join } from 'node:path';
import { repeated, type Benchmark, type Context } from '../benchmark.ts';
import { startPlatform } from '../platform.ts';
import type { Figure } from '../result.ts';
import { median, percentile } from '../statistics.ts';
import { openHand, type ByHand } from './by-hand.ts';
import { openShop, type Sale } from './buy.ts';

const lanes = 4;

export const sale: Benchmark = {
  name: 'sale',
  summary: 'from the signed webhook to the running install, beside helm and kubectl by hand',
  onAnyKubernetes: true,
  async run(context) {
    const { progress, quick, scratch, kubernetes } = context;
    progress.phase('starting the platform');
    await using platform = await startPlatform(join(scratch, 'platform'), context);
    const shop = await openShop(platform);
    const hand = await openHand(platform.dev.kubeconfig, scratch);
    progress.phase('warming up');
    for (let i = 0; i < 2; i += 1) {
      await shop.buyOnce(context.signal);
      await hand.deploy(context.signal);
    }
    // Taking turns, so that what disturbs the machine meanwhile disturbs both.
    progress.phase('one at a time, in turns');
    const limit = quick ? { count: 4, ms: 6_000 } : { count: 25, ms: 35_000 };
    const pairs = await repeated(context, limit, async () => ({
      sale: await shop.buyOnce(context.signal),
      hand: await hand.deploy(context.signal),
    }));
    progress.phase(`${lanes} at a time`);
    const each = quick ? { count: 1, ms: 4_000 } : { count: 6, ms: 12_000 };
    const sales = await inLanes(context, each, () => shop.buyOnce(context.signal));
    progress.phase(`${lanes} at a time by hand`);
    const hands = await inLanes(context, each, () => hand.deploy(context.signal));
    return {
      figures: [
        ...compared(
          'one at a time',
          pairs.map((pair) => pair.sale),
          pairs.map((pair) => pair.hand),
        ),
        ...compared(`${lanes} at a time`, sales, hands),
        ...stepsOf(
          'step',
          pairs.map((pair) => pair.sale),
        ),
        ...stepsOf(`step, ${lanes} at a time`, sales),
        ...(['template', 'apply', 'wait', 'hook'] as const).map((part): Figure => ({
          what: `by hand, ${part}`,
          value: median(pairs.map((pair) => pair.hand[part])),
          unit: 'ms',
        })),
      ],
      notes: [
        `${pairs.length} sales one at a time, ${sales.length} with ${lanes} at a time; Kubernetes: ${kubernetes}, pods ready at once. From sending the webhook to the install's ready time.`,
        'By hand: `helm template`, `kubectl apply --server-side`, `kubectl wait deployment --all --for=condition=Available`, `kubectl wait job --all --for=condition=complete` for the chart’s hook, the namespace made before and not counted. A sale also reads and writes the order, asks Stripe, makes namespace, quota and access, and runs the chart’s hook to its end.',
        'Steps are medians of the time since the step before.',
      ],
    };
  },
};

async function inLanes<T>(
  context: Context,
  each: { count: number; ms: number },
  once: () => Promise<T>,
): Promise<T[]> {
  const all = await Promise.all(Array.from({ length: lanes }, () => repeated(context, each, once)));
  return all.flat();
}

function compared(how: string, sales: readonly Sale[], hands: readonly ByHand[]): Figure[] {
  const times = sales.map(({ running }) => running);
  const beside = (share: number) => ({
    what: 'by hand',
    value: percentile(
      hands.map(({ withHook }) => withHook),
      share,
    ),
  });
  return [
    {
      what: `webhook → RUNNING, ${how}: p50`,
      value: median(times),
      unit: 'ms',
      beside: beside(0.5),
      goal: { most: 1_000 },
    },
    {
      what: `webhook → RUNNING, ${how}: p95`,
      value: percentile(times, 0.95),
      unit: 'ms',
      beside: beside(0.95),
      goal: { most: 3_000 },
    },
    {
      what: `the same against by hand, ${how}`,
      value: median(times),
      unit: 'ms',
      beside: beside(0.5),
      goal: { mostTimes: 1 },
    },
    {
      what: `the same against by hand without waiting for the hook, ${how}`,
      value: median(times),
      unit: 'ms',
      beside: { what: 'by hand, no hook', value: median(hands.map(({ all }) => all)) },
    },
  ];
}

/** Where the time goes: the median of each step, counted from the one before it. */
function stepsOf(how: string, sales: readonly Sale[]): Figure[] {
  const answered: Figure = {
    what: `${how}: webhook answered`,
    value: median(sales.map((one) => one.answered)),
    unit: 'ms',
  };
  const names = Object.keys(sales[0]?.steps ?? {});
  const steps = names.map((name, i): Figure => {
    const before = names[i - 1];
    const took = sales.map(
      ({ steps: done }) => (done[name] ?? 0) - (before === undefined ? 0 : (done[before] ?? 0)),
    );
    return { what: `${how}: ${name}`, value: median(took), unit: 'ms' };
  });
  return [answered, ...steps];
}
