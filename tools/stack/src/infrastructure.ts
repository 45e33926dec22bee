import { readFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseKubeconfig } from '@cnap/kubernetes';
import { startKubernetes, startNats, startPostgres } from '@cnap/programs';
import { Client } from 'pg';
import { step } from './console.ts';
import type { Kept } from './kept.ts';
import { Mistake, type Options } from './options.ts';
import { startNodeProcess } from './process.ts';
import type { Supervisor } from './supervisor.ts';

const databaseName = 'cnap';

/** Postgres and NATS: embedded, or the ones that the environment names. */
export async function startStores(
  supervisor: Supervisor,
  options: Options,
  kept: Kept,
): Promise<{ databaseUrl: string; natsUrl: string }> {
  const [databaseUrl, natsUrl] = await Promise.all([
    options.databaseUrl ?? embeddedPostgres(supervisor, options.dataDir, kept),
    options.natsUrl ?? embeddedNats(supervisor, options.dataDir, kept),
  ]);
  return { databaseUrl, natsUrl };
}

async function embeddedPostgres(supervisor: Supervisor, dataDir: string, kept: Kept): Promise<string> {
  return step('Postgres', async () => {
    const begin = () =>
      startPostgres({
        dataDir: join(dataDir, 'postgres'),
        port: kept.ports.postgres,
        password: kept.passwords['admin'] ?? '',
      });
    const postgres = await supervisor.start('Postgres', begin);
    const url = new URL(postgres.url);
    await createDatabase(url.href);
    url.pathname = `/${databaseName}`;
    return url.href;
  });
}

async function createDatabase(adminUrl: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [databaseName]);
    if (rowCount === 0) await client.query(`create database ${databaseName}`);
  } finally {
    await client.end();
  }
}

async function embeddedNats(supervisor: Supervisor, dataDir: string, kept: Kept): Promise<string> {
  return step('NATS with JetStream', async () => {
    const begin = () => startNats({ dataDir: join(dataDir, 'nats'), port: kept.ports.nats });
    return (await supervisor.start('NATS', begin)).url;
  });
}

/** The cluster that the sample seller imports; the kubeconfig becomes a file that kubectl can use. */
export async function startCluster(
  supervisor: Supervisor,
  options: Options,
  kept: Kept,
): Promise<{ kubeconfigPath: string; what: string }> {
  const kubeconfigPath = join(options.dataDir, 'kubeconfig');
  await mkdir(options.dataDir, { recursive: true });
  if (options.kubernetes === 'kubesim') {
    const route = options.routes['*>kubesim'];
    await step('kubesim, a simulated Kubernetes', () =>
      supervisor.start('kubesim', () =>
        startNodeProcess({
          name: 'kubesim',
          entry: 'tools/kubesim/src/main.ts',
          args: [
            `--port=${kept.ports.kubesim}`,
            `--data=${join(options.dataDir, 'kubesim')}`,
            `--kubeconfig=${kubeconfigPath}`,
            ...(route === undefined ? [] : [`--public-url=http://127.0.0.1:${route}`]),
          ],
          logFile: join(options.dataDir, 'logs', 'kubesim.log'),
          readyUrl: `http://127.0.0.1:${kept.ports.kubesim}/readyz`,
          headers: { 'user-agent': 'kubectl/cnap' }, // kubesim takes kubectl without a token for its administrator
        }),
      ),
    );
    return { kubeconfigPath, what: 'kubesim (simulated)' };
  }
  if (options.kubernetes === 'real') {
    const started = await step('Kubernetes, a real control plane with simulated nodes', () =>
      startKubernetes({ dataDir: join(options.dataDir, 'kubernetes') }),
    );
    await supervisor.start('Kubernetes', () => Promise.resolve(started));
    await writeFile(kubeconfigPath, started.kubeconfig, { mode: 0o600 });
    return { kubeconfigPath, what: `Kubernetes ${started.version}` };
  }
  const text = await readFile(resolve(options.kubernetes), 'utf8').catch(() => {
    throw new Mistake(`--kubernetes ${options.kubernetes}: there is no such file`);
  });
  const { server } = parseKubeconfig(text);
  await writeFile(kubeconfigPath, text, { mode: 0o600 });
  return { kubeconfigPath, what: server };
}

/** stripesim, unless the environment has the real Stripe. */
export async function startStripe(
  supervisor: Supervisor,
  options: Options,
  kept: Kept,
): Promise<{ secretKey: string; webhookSecret: string; apiUrl: string | undefined }> {
  if (options.stripe) return { ...options.stripe, apiUrl: undefined };
  const url = `http://127.0.0.1:${kept.ports.stripesim}`;
  await step('stripesim, a simulated Stripe', () =>
    supervisor.start('stripesim', () =>
      startNodeProcess({
        name: 'stripesim',
        entry: 'tools/stripesim/src/main.ts',
        args: [
          `--port=${kept.ports.stripesim}`,
          `--data=${join(options.dataDir, 'stripesim')}`,
          `--webhook-url=http://127.0.0.1:${options.publicPort}/webhooks/stripe`,
          `--webhook-secret=${kept.webhookSecret}`,
        ],
        logFile: join(options.dataDir, 'logs', 'stripesim.log'),
        readyUrl: `${url}/v1/account`,
        headers: { authorization: `Bearer ${simulatedKey}` },
      }),
    ),
  );
  return { secretKey: simulatedKey, webhookSecret: kept.webhookSecret, apiUrl: url };
}

/** stripesim takes any test key. */
export const simulatedKey = 'sk_test_simulated';
