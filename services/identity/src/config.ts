import { list, loadConfig, port, url } from '@cnap/config';
import { databaseSettings, serviceSettings } from '@cnap/service';

/** Settings of identity. */
export const settings = {
  ...serviceSettings,
  ...databaseSettings,
  PORT: port().default(7001).describe('Port to listen on'),
  CNAP_CLUSTERS_URL: url().default('http://127.0.0.1:7002').describe('Internal address of clusters'),
  CNAP_INSTALLER_URL: url().default('http://127.0.0.1:7005').describe('Internal address of the installer'),
  CNAP_OPERATOR_EMAILS: list().default([]).describe('E-mail addresses of the platform operators'),
};

export type Config = ReturnType<typeof readConfig>;
export const readConfig = (env: NodeJS.ProcessEnv = process.env) => loadConfig(settings, env);
