import { serviceNames } from '@cnap/proto';
import type { Kept } from './kept.ts';

export { serviceNames };

/** The programs of the platform: the services and the gateway. */
export type Program = (typeof programs)[number];
export const programs = [...serviceNames, 'gateway'] as const;

/** Everything that listens on a port of its own which must stay the same. */
export const portNames = [
  ...serviceNames,
  'postgres',
  'nats',
  'kubesim',
  'stripesim',
  'charts',
  'smtp',
  'mails',
] as const;
export type PortName = (typeof portNames)[number];

/** Where the parts that the services need have come up. */
export type Surroundings = {
  /** As a role that may create schemas and roles. */
  databaseUrl: string;
  natsUrl: string;
  publicPort: number;
  /** Where mails go. */
  smtpUrl: string;
  stripe: { secretKey: string; webhookSecret: string; apiUrl: string | undefined };
  routes?: Routes;
};

/** Ports to use in place of the real ones, by who connects and to whom (`billing>postgres`): a fault test's proxies. */
export type Routes = Readonly<Record<string, number>>;

const loopback = (port: number) => `http://127.0.0.1:${port}`;

function withPort(text: string, port: number | undefined): string {
  if (port === undefined) return text;
  const url = new URL(text);
  url.port = String(port);
  return url.href.replace(/\/$/, '');
}

/** The database URL of one service's own role. */
export function serviceDatabaseUrl(adminUrl: string, service: string, password: string): string {
  const url = new URL(adminUrl);
  url.username = `cnap_${service}`;
  url.password = password;
  return url.href;
}

/** The environment that a program runs with: what deploy/ sets by hand. */
export function environmentOf(program: Program, kept: Kept, around: Surroundings): Record<string, string> {
  const portTo = (name: PortName) => around.routes?.[`${program}>${name}`];
  const urls = Object.fromEntries(
    serviceNames.map((name) => [
      `CNAP_${name.toUpperCase()}_URL`,
      loopback(portTo(name) ?? kept.ports[name]),
    ]),
  );
  const publicKeys = Object.fromEntries(
    Object.entries(kept.keys).map(([name, { publicKey }]) => [name, publicKey]),
  );
  const common = {
    ...urls,
    NATS_URL: withPort(around.natsUrl, portTo('nats')),
    CNAP_PUBLIC_URL: loopback(around.publicPort),
    CNAP_SERVICE_PRIVATE_KEY: kept.keys[program].privateKey,
    CNAP_SERVICE_PUBLIC_KEYS: JSON.stringify(publicKeys),
  };
  if (program === 'gateway') return { ...common, CNAP_PORT: String(around.publicPort) };
  return {
    ...common,
    PORT: String(kept.ports[program]),
    DATABASE_URL: withPort(
      serviceDatabaseUrl(around.databaseUrl, program, kept.passwords[program] ?? ''),
      portTo('postgres'),
    ),
    CNAP_KEYS: kept.keyring,
    ...(program === 'billing'
      ? {
          STRIPE_SECRET_KEY: around.stripe.secretKey,
          STRIPE_WEBHOOK_SECRET: around.stripe.webhookSecret,
          ...(around.stripe.apiUrl === undefined
            ? {}
            : { STRIPE_API_URL: withPort(around.stripe.apiUrl, portTo('stripesim')) }),
        }
      : {}),
    ...(program === 'identity' ? { CNAP_SMTP_URL: around.smtpUrl } : {}),
    // The sample chart's repository is on this machine.
    ...(program === 'catalog' ? { CNAP_FETCH_PRIVATE_ADDRESSES: 'true' } : {}),
  };
}
