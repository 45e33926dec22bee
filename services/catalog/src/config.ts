import { flag, loadConfig, port, url } from '@cnap/config';
import { databaseSettings, serviceSettings } from '@cnap/service';

/** Settings of the catalog. */
export const settings = {
  ...serviceSettings,
  ...databaseSettings,
  PORT: port().default(7003).describe('Port to listen on'),
  CNAP_CLUSTERS_URL: url().default('http://127.0.0.1:7002').describe('Internal address of clusters'),
  CNAP_BILLING_URL: url().default('http://127.0.0.1:7004').describe('Internal address of billing'),
  CNAP_INSTALLER_URL: url().default('http://127.0.0.1:7005').describe('Internal address of the installer'),
  CNAP_FETCH_PRIVATE_ADDRESSES: flag()
    .default(false)
    .describe('Whether charts may be fetched from private and link-local addresses'),
};

export type Config = ReturnType<typeof readConfig>;
export const readConfig = (env: NodeJS.ProcessEnv = process.env) => loadConfig(settings, env);
