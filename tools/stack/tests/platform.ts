// The whole platform in one process: the six services with the configuration that `npm start` gives them, on a real
// Postgres and NATS, with kubesim and stripesim, seeded as `npm start` seeds.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBilling, type Overrides as BillingOverrides } from '@cnap/billing';
import { readConfig as billingConfig } from '@cnap/billing/config';
import { startCatalog } from '@cnap/catalog';
import { readConfig as catalogConfig } from '@cnap/catalog/config';
import { createCnapClient, type CnapClient, type CnapClientOptions } from '@cnap/client';
import { startClusters } from '@cnap/clusters';
import { readConfig as clustersConfig } from '@cnap/clusters/config';
import { startGateway } from '@cnap/gateway';
import { readConfig as gatewayConfig } from '@cnap/gateway/config';
import { startIdentity } from '@cnap/identity';
import { readConfig as identityConfig } from '@cnap/identity/config';
import { startInstaller } from '@cnap/installer';
import { readConfig as installerConfig } from '@cnap/installer/config';
import { connect, parseKubeconfig } from '@cnap/kubernetes';
import { startKubesim, type Kubesim } from '@cnap/kubesim';
import { freePort } from '@cnap/programs';
import { startStripesim, type Stripesim } from '@cnap/stripesim';
import { testNats } from '@cnap/testing';
import { freshDatabase } from '@cnap/test-servers';
import { Pool } from 'pg';
import { startChartRepository } from '../src/chart-repository.ts';
import { openKept, type Kept } from '../src/kept.ts';
import {
  environmentOf,
  programs,
  serviceDatabaseUrl,
  serviceNames,
  type Program,
  type Surroundings,
} from '../src/layout.ts';
import { startMailSink, type MailSink } from '../src/mail-sink.ts';
import { migrateAll } from '../src/migrate-all.ts';
import { provisionUser } from '../src/provision.ts';
import { seed, stripeOf } from '../src/seed/seed.ts';
import type { Witnesses } from '../src/sale/verify.ts';

export type Person = 'seller' | 'buyer' | 'stranger' | 'anonymous';
type Sample = Awaited<ReturnType<typeof seed>>;
/** What a program is started with besides its configuration. */
export type Faults = Pick<BillingOverrides, 'afterExternalCall' | 'repeatExternalCalls'>;

export interface Platform extends AsyncDisposable {
  readonly url: string;
  readonly nats: { url: string; subjectPrefix: string };
  readonly kept: Kept;
  readonly kubesim: Kubesim;
  readonly stripesim: Stripesim;
  /** What was mailed. */
  readonly mails: MailSink;
  /** Stripe's and Kubernetes' own APIs. */
  readonly witnesses: Witnesses;
  readonly sample: Sample & { stranger: Sample['buyer'] };
  /** Added to billing's clock of deadlines. */
  readonly clock: { aheadMs: number };
  as(person: Person, options?: Partial<CnapClientOptions>): CnapClient;
  /** As superuser. */
  readonly database: Pool;
  /** Ends a program and starts it again, with these faults. */
  restart(program: 'billing' | 'installer', faults?: Faults): Promise<void>;
  /** Every resource that waits for its time looks again at once, as if the pause were over. */
  lookAgain(service: 'billing' | 'installer'): Promise<void>;
}

const webhookSecret = 'whsec_test';

/** Starts everything. `environment` is added to that of every program; `kubeconfig` takes kubesim's place. */
export async function startPlatform(
  environment: Record<string, string> = {},
  kubeconfig?: string,
): Promise<Platform> {
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'cnap-platform-'));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const kept = await openKept(folder, false);
  for (const name of serviceNames) kept.passwords[name] = 'test'; // roles belong to the server all tests share
  const nats = testNats();
  const { adminUrl } = parts.use(
    await freshDatabase({
      madeOf: 'migrateAll',
      fill: (emptyUrl) => migrateAll(emptyUrl, (name) => serviceDatabaseUrl(emptyUrl, name, 'test')),
    }),
  );
  const database = new Pool({ connectionString: adminUrl, max: 2 });
  parts.defer(() => database.end());
  const publicPort = await freePort();
  const url = `http://127.0.0.1:${publicPort}`;
  const kubesim = parts.use(await startKubesim());
  const stripesim = parts.use(
    await startStripesim({
      settings: {
        webhooks: [{ url: `${url}/webhooks/stripe`, secret: webhookSecret }],
        webhookRetryMs: 20,
      },
    }),
  );
  const charts = parts.use(await startChartRepository(kept.ports.charts));
  const mails = parts.use(await startMailSink({ smtp: 0, page: 0 }));
  const around: Surroundings = {
    smtpUrl: mails.smtpUrl,
    databaseUrl: adminUrl,
    natsUrl: nats.url,
    publicPort,
    stripe: { secretKey: 'sk_test_simulated', webhookSecret, apiUrl: stripesim.url },
  };
  const clock = { aheadMs: 0 };
  const start = starterOf(
    (program) => ({
      ...environmentOf(program, kept, around),
      CNAP_NATS_PREFIX: nats.subjectPrefix,
      CNAP_LEASE: '500ms',
      ...environment,
    }),
    clock,
  );
  const running = new Map<Program, AsyncDisposable>();
  parts.defer(async () => {
    await Promise.all([...running.values()].map((program) => program[Symbol.asyncDispose]()));
  });
  await Promise.all(programs.map(async (name) => running.set(name, await start(name))));

  const kubeconfigPath = join(folder, 'kubeconfig');
  await writeFile(kubeconfigPath, kubeconfig ?? kubesim.kubeconfig);
  const operator = {
    identityUrl: `http://127.0.0.1:${kept.ports.identity}`,
    privateKey: kept.keys.admin.privateKey,
  };
  const target = { url, operator, kubeconfigPath, chartsUrl: charts.url, stripe: around.stripe };
  const sample = await seed(target, undefined);
  const email = 'stranger@example.com';
  const made = await provisionUser(operator, { email, name: 'S', workspaceName: 'Other', tokenName: 'test' });
  const people = { ...sample, stranger: { token: made.token, workspace_id: made.workspaceId, email } };
  const as: Platform['as'] = (person, options = {}) =>
    createCnapClient({
      baseUrl: url,
      ...(person === 'anonymous'
        ? {}
        : { token: people[person].token, workspaceId: people[person].workspace_id }),
      ...options,
    });
  const { sellerAccount } = await as('seller').sellerAccounts.getSellerAccount({});
  const witnesses: Witnesses = {
    stripe: stripeOf(target),
    stripeAccountId: sellerAccount?.stripeAccountId ?? '',
    cluster: parts.use(connect(parseKubeconfig(kubeconfig ?? kubesim.kubeconfig))),
  };
  const owned = parts.move();
  return {
    url,
    nats,
    kept,
    kubesim,
    stripesim,
    mails,
    witnesses,
    sample: people,
    clock,
    as,
    database,
    async restart(program, faults) {
      await running.get(program)?.[Symbol.asyncDispose]();
      running.set(program, await start(program, faults));
    },
    async lookAgain(service) {
      await database.query(`update ${service}.reconcile_task set due_at = now() where done_at is null`);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function starterOf(environment: (program: Program) => Record<string, string>, clock: { aheadMs: number }) {
  const now = () => new Date(Date.now() + clock.aheadMs);
  return (program: Program, faults: Faults = {}): Promise<AsyncDisposable> => {
    const env = environment(program);
    switch (program) {
      case 'identity':
        return startIdentity(identityConfig(env));
      case 'clusters':
        return startClusters(clustersConfig(env));
      case 'catalog':
        return startCatalog(catalogConfig(env), { firstPauseMs: 20 });
      case 'billing':
        return startBilling(billingConfig(env), { now, firstPauseMs: 20, ...faults });
      case 'installer':
        return startInstaller(installerConfig(env), faults);
      case 'gateway':
        return startGateway(gatewayConfig(env));
    }
  };
}
