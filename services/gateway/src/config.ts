import { list, loadConfig, port, url } from '@cnap/config';
import { serviceSettings } from '@cnap/service';
import { isNetwork } from './auth/client-address.ts';

const address = (service: string, internalPort: number) =>
  url().default(`http://127.0.0.1:${internalPort}`).describe(`Internal address of ${service}`);

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

/** Settings of the gateway. */
export const settings = {
  ...serviceSettings,
  CNAP_PORT: port().default(8080).describe('The public port'),
  CNAP_PUBLIC_URL: url()
    .default('http://127.0.0.1:8080')
    .describe('Address under which people reach the platform'),
  CNAP_TRUSTED_PROXIES: list()
    .refine((networks) => networks.every(isNetwork), 'must be addresses or subnets, such as 10.0.0.0/8')
    .default([])
    .describe('Proxies in front whose X-Forwarded-For is believed: addresses or subnets'),
  CNAP_CORS_ORIGINS: list()
    .refine((origins) => origins.every(isOrigin), 'must be origins, such as https://console.example.com')
    .default([])
    .describe('Origins whose pages may call the API'),
  CNAP_IDENTITY_URL: address('identity', 7001),
  CNAP_CLUSTERS_URL: address('clusters', 7002),
  CNAP_CATALOG_URL: address('catalog', 7003),
  CNAP_BILLING_URL: address('billing', 7004),
  CNAP_INSTALLER_URL: address('the installer', 7005),
};

export type Config = ReturnType<typeof readConfig>;
export const readConfig = (env: NodeJS.ProcessEnv = process.env) => loadConfig(settings, env);
