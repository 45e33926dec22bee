import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Routes } from './layout.ts';

/** What `npm start` was asked for. */
export type Options = {
  fresh: boolean;
  /** `kubesim`, `real`, or the path of a kubeconfig. */
  kubernetes: string;
  /** Where everything is kept between starts. */
  dataDir: string;
  publicPort: number;
  /** The real Stripe in place of stripesim. */
  stripe: { secretKey: string; webhookSecret: string } | undefined;
  databaseUrl: string | undefined;
  natsUrl: string | undefined;
  seed: boolean;
  /** From CNAP_ROUTES, as JSON: for fault tests, which put proxies between the programs. */
  routes: Routes;
};

/** A mistake of the person who starts it: one line, no stack trace. */
export class Mistake extends Error {}

export const usage = `npm start -- [options]
  --fresh                  begin anew: forget everything in .cnap
  --kubernetes <what>      kubesim (default), real (a control plane from KUBEBUILDER_ASSETS), or a kubeconfig's path
  --no-seed                bring it up without the sample seller and buyer
Environment: CNAP_PORT (8080), STRIPE_SECRET_KEY with STRIPE_WEBHOOK_SECRET, DATABASE_URL, NATS_URL`;

export function readOptions(args: string[], env: NodeJS.ProcessEnv): Options {
  const values = parse(args);
  const port = Number(env['CNAP_PORT'] ?? 8080);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Mistake('CNAP_PORT must be a port, 1–65535');
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = env;
  if (secretKey && !webhookSecret) {
    throw new Mistake('STRIPE_SECRET_KEY needs STRIPE_WEBHOOK_SECRET beside it (stripe listen prints one)');
  }
  return {
    fresh: values.fresh,
    kubernetes: values.kubernetes,
    dataDir: resolve(env['CNAP_DATA'] ?? '.cnap'),
    publicPort: port,
    stripe: secretKey && webhookSecret ? { secretKey, webhookSecret } : undefined,
    databaseUrl: env['DATABASE_URL'] || undefined,
    natsUrl: env['NATS_URL'] || undefined,
    seed: !values['no-seed'],
    routes: JSON.parse(env['CNAP_ROUTES'] || '{}') as Routes,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        fresh: { type: 'boolean', default: false },
        kubernetes: { type: 'string', default: 'kubesim' },
        'no-seed': { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new Mistake(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}
