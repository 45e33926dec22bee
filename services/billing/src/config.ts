import { durationMs, loadConfig, port, secretText, url } from '@cnap/config';
import { databaseSettings, serviceSettings } from '@cnap/service';
import { z } from 'zod';

const day = 24 * 60 * 60_000;

/** Settings of billing. */
export const settings = {
  ...serviceSettings,
  ...databaseSettings,
  PORT: port().default(7004).describe('Port to listen on'),
  CNAP_CATALOG_URL: url().default('http://127.0.0.1:7003').describe('Internal address of catalog'),
  CNAP_INSTALLER_URL: url().default('http://127.0.0.1:7005').describe('Internal address of the installer'),
  CNAP_PUBLIC_URL: url().default('http://127.0.0.1:8080').describe('The address of the platform, for links'),
  STRIPE_SECRET_KEY: secretText().describe('Secret key of the platform at Stripe'),
  STRIPE_WEBHOOK_SECRET: secretText().describe(
    'Signing secret of the webhook endpoint; several, separated by commas, are all valid',
  ),
  STRIPE_API_URL: url().optional().describe('A stand-in for Stripe, such as stripesim'),
  CNAP_PLATFORM_FEE_PERCENT: z
    .string()
    .refine(
      (text) => /^\d{1,3}(\.\d{1,2})?$/.test(text) && Number(text) <= 100,
      'must be a percentage, 0–100',
    )
    .transform(Number)
    .default(5)
    .describe("The platform's share of every payment, in percent"),
  CNAP_FULFILMENT_DEADLINE: durationMs()
    .refine((ms) => ms > 0 && ms <= 6 * day, 'must be at most 6d: Stripe holds money for 7 days')
    .default(day)
    .describe('By when a paid install must be healthy'),
};

export type Config = ReturnType<typeof readConfig>;
export const readConfig = (env: NodeJS.ProcessEnv = process.env) => loadConfig(settings, env);
