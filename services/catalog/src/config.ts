import { durationMs, flag, loadConfig, port, secretText, url } from '@cnap/config';
import { z } from 'zod';

/** The settings of the catalog, by their environment names. */
export const catalogSettings = {
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  PORT: port().default(7003).describe('Port to listen on'),
  DATABASE_URL: url('postgres', 'postgresql').describe("Postgres, as the service's own role"),
  NATS_URL: url('nats', 'tls').describe('NATS with JetStream'),
  CNAP_NATS_PREFIX: z.string().optional().describe('Put before every subject and stream, to share one NATS'),
  CNAP_KEYS: secretText().describe('Keys of registry secrets, `id:base64,…`; the first is current'),
  CNAP_SERVICE_PRIVATE_KEY: secretText().describe('Ed25519 key of this service, raw, base64'),
  CNAP_SERVICE_PUBLIC_KEYS: z.string().describe('JSON: service to its Ed25519 public key, raw, base64'),
  CNAP_IDENTITY_URL: url().describe('The identity service'),
  CNAP_CLUSTERS_URL: url().describe('The clusters service'),
  CNAP_BILLING_URL: url().describe('The billing service'),
  CNAP_INSTALLER_URL: url().describe('The installer service'),
  CNAP_FETCH_PRIVATE_ADDRESSES: flag()
    .default(false)
    .describe('Whether charts may be fetched from private and link-local addresses'),
  CNAP_LEASE: durationMs()
    .default(5_000)
    .describe('After which time without a sign of life work is taken over'),
};

export type CatalogConfig = z.infer<z.ZodObject<typeof catalogSettings>>;

/** @throws ConfigError naming every problem at once */
export const readConfig = (env?: NodeJS.ProcessEnv): CatalogConfig => loadConfig(catalogSettings, env);
