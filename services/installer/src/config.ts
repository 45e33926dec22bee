import { durationMs, loadConfig, port, url } from '@cnap/config';
import { databaseSettings, serviceSettings } from '@cnap/service';

/** Settings of the installer. */
export const settings = {
  ...serviceSettings,
  ...databaseSettings,
  PORT: port().default(7005).describe('Port to listen on'),
  CNAP_CLUSTERS_URL: url().default('http://127.0.0.1:7002').describe('Internal address of clusters'),
  CNAP_CATALOG_URL: url().default('http://127.0.0.1:7003').describe('Internal address of the catalog'),
  CNAP_FINALIZERS_AFTER: durationMs()
    .default(600_000)
    .describe('How long finalizers of others may hold up a removal on a cluster; then they are removed'),
};

export type Config = ReturnType<typeof readConfig>;
export const readConfig = (env: NodeJS.ProcessEnv = process.env) => loadConfig(settings, env);
