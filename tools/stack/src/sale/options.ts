import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Mistake } from '../options.ts';

/** What `npm run sale` was asked for. */
export type SaleOptions = {
  count: number;
  parallel: number;
  productId: string | undefined;
  decline: boolean;
  json: boolean;
  dataDir: string;
  timeoutMs: number;
};

export const saleUsage = `npm run sale -- [options]
  --count <n>      how many purchases (1)
  --parallel <n>   how many at a time (1)
  --product <id>   which product (the sample product with a one-time price)
  --decline        pay with a card that is declined: passes when nothing is sold
  --timeout <s>    how long one purchase may take (120)
  --json           one JSON object in place of words and tables`;

export function readSaleOptions(args: string[]): SaleOptions {
  const values = parse(args);
  return {
    count: whole('--count', values.count, 100_000),
    parallel: whole('--parallel', values.parallel, 200),
    productId: values.product,
    decline: values.decline,
    json: values.json,
    dataDir: resolve(process.env['CNAP_DATA'] ?? '.cnap'),
    timeoutMs: whole('--timeout', values.timeout, 86_400) * 1_000,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        count: { type: 'string', default: '1' },
        parallel: { type: 'string', default: '1' },
        product: { type: 'string' },
        decline: { type: 'boolean', default: false },
        timeout: { type: 'string', default: '120' },
        json: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new Mistake(`${error instanceof Error ? error.message : String(error)}\n${saleUsage}`);
  }
}

function whole(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new Mistake(`${name} must be a whole number, 1–${max}`);
  return value;
}
