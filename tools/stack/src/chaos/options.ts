import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Mistake } from '../options.ts';

/** What `npm run chaos` was asked for. */
export type ChaosOptions = {
  purchases: number;
  seed: number;
  /** How long things are bought and go wrong. */
  lengthMs: number;
  /** How long it may take afterwards until everything is settled. */
  patienceMs: number;
  /** Where report.json and timeline.svg go. */
  folder: string;
};

export const chaosUsage = `npm run chaos -- [options]
  --purchases <n>   how many (200)
  --seed <n>        what is bought and what goes wrong, when: the same for the same seed (a new one)
  --seconds <s>     how long (2 for each purchase, 30 at least)
  --patience <s>    how long everything may take to settle afterwards (240)
  --report <path>   folder of report.json and timeline.svg (.cnap/chaos/seed-<n>)`;

export function readChaosOptions(args: string[], randomSeed: number): ChaosOptions {
  const values = parse(args);
  const purchases = whole('--purchases', values.purchases, 1, 10_000);
  const seed = values.seed === undefined ? randomSeed : whole('--seed', values.seed, 0, 2 ** 31);
  const seconds =
    values.seconds === undefined
      ? Math.max(30, purchases * 2)
      : whole('--seconds', values.seconds, 10, 86_400);
  return {
    purchases,
    seed,
    lengthMs: seconds * 1_000,
    patienceMs: whole('--patience', values.patience, 1, 86_400) * 1_000,
    folder: resolve(values.report ?? `.cnap/chaos/seed-${seed}`),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args: args[0] === '--' ? args.slice(1) : args,
      options: {
        purchases: { type: 'string', default: '200' },
        seed: { type: 'string' },
        seconds: { type: 'string' },
        patience: { type: 'string', default: '240' },
        report: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new Mistake(`${error instanceof Error ? error.message : String(error)}\n${chaosUsage}`);
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Mistake(`${name} must be a whole number, ${least}–${most}`);
  return value;
}
