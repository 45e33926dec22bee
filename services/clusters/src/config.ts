import { loadConfig, port, url } from '@cnap/config';
import { databaseSettings, serviceSettings } from '@cnap/service';

/** Settings of clusters. */
export const settings = {
  ...serviceSettings,
  ...databaseSettings,
  PORT: port().default(7002).describe('Port to listen on'),
  CNAP_INSTALLER_URL: url().default('http://127.0.0.1:7005').describe('Internal address of the installer'),
};

export type Config = ReturnType<typeof readConfig>;
export const readConfig = (env: NodeJS.ProcessEnv = process.env) => loadConfig(settings, env);
