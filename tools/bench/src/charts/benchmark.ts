import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { Code, ConnectError } from '@connectrpc/connect';
import { createCnapClient, type CnapClient } from '@cnap/client';
import { migrations } from '@cnap/installer/migrations';
import { connect, parseKubeconfig } from '@cnap/kubernetes';
import { migrate } from '@cnap/postgres';
import { startKubernetes, startNats, startPostgres } from '@cnap/programs';
import { InstallState, type Install } from '@cnap/proto/cnap/installer/v1/install';
import type { Benchmark, Context } from '../benchmark.ts';
import { startInstallerProcess } from '../fleet/installer.ts';
import type { Figure } from '../result.ts';
import { installByHelm } from './by-helm.ts';
import { startSeller, type Seller } from './peers.ts';
import { publishedIn, type Published } from './published.ts';
import { clusterWide, removeCrds } from './tidy.ts';

export const charts: Benchmark = {
  name: 'charts',
  summary: 'charts as people publish them, on a real control plane: installed, changed, changed back, gone',
  longestMs: 900_000,
  async run(context) {
    const folder = process.env['CNAP_TEST_CHARTS'];
    if (!folder || !process.env['KUBEBUILDER_ASSETS']) {
      return {
        figures: [],
        notes: ['Not run: set CNAP_TEST_CHARTS to a folder of charts, and KUBEBUILDER_ASSETS.'],
      };
    }
    const { scratch, signal, progress, quick } = context;
    progress.phase('starting a control plane, Postgres, NATS and the installer');
    await using parts = new AsyncDisposableStack();
    const kubernetes = parts.use(await startKubernetes({ dataDir: join(scratch, 'kubernetes'), signal }));
    const cluster = parts.use(connect(parseKubeconfig(kubernetes.kubeconfig)));
    const seller = parts.use(await startSeller(kubernetes.kubeconfig));
    const client = await startInstaller(seller, context, parts);
    const published = publishedIn(folder).slice(0, quick ? 3 : undefined);
    const figures: Figure[] = [];
    const told: string[] = [];
    for (const [index, chart] of published.entries()) {
      progress.phase(chart.name);
      const where = { cluster, kubeconfigPath: kubernetes.kubeconfigPath };
      const byHelm = await installByHelm(chart, where, context).catch((error: unknown) => {
        told.push(`${chart.name}: helm install failed: ${String(error).slice(0, 300)}`);
        return Number.NaN;
      });
      const before = await clusterWide(cluster, signal);
      const { objects, runningMs, kept } = await lifeOf(chart, seller, client, signal);
      const left = [...(await clusterWide(cluster, signal))].filter((one) => !before.has(one));
      await removeCrds(cluster, signal); // what a chart wants kept is not there for the next one
      const unwanted = left.filter((one) => !kept.includes(one));
      figures.push(
        {
          what: `${chart.name}, ${objects} objects: RUNNING`,
          value: runningMs,
          unit: 'ms',
          beside: { what: 'helm install --wait', value: byHelm },
        },
        { what: `${chart.name}: left behind`, value: unwanted.length, unit: '', goal: { most: 0 } },
      );
      if (unwanted.length > 0) told.push(`${chart.name} left ${unwanted.join(', ')}`);
      if (kept.length > 0) told.push(`${chart.name}: its chart wants ${kept.length} CRDs kept`);
      progress.at((index + 1) / published.length);
    }
    return {
      figures,
      notes: [
        'Each was installed by helm and removed, then installed, updated, rolled back and deleted by the installer. Pod Security: privileged, as in a namespace of helm’s.',
        'RUNNING is counted from the request; a poll every 25 ms. The installer also makes a namespace, its network policy, and keeps a record of each step.',
        ...told,
      ],
    };
  },
};

async function startInstaller(
  seller: Seller,
  { scratch }: Context,
  parts: AsyncDisposableStack,
): Promise<CnapClient> {
  const postgres = parts.use(await startPostgres({ dataDir: join(scratch, 'postgres') }));
  const nats = parts.use(await startNats({ dataDir: join(scratch, 'nats') }));
  const role = { name: 'cnap_installer', password: randomUUID() };
  await migrate({ adminUrl: postgres.url, service: 'installer', role, migrations });
  const url = new URL(postgres.url);
  url.username = role.name;
  url.password = role.password;
  const installer = await startInstallerProcess(
    {
      ...seller.environment,
      PORT: '0',
      DATABASE_URL: url.href,
      NATS_URL: nats.url,
      CNAP_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    },
    join(scratch, 'installer.log'),
  );
  parts.use(installer);
  return createCnapClient({ baseUrl: installer.url, token: () => seller.token() });
}

type Life = { objects: number; runningMs: number; kept: string[] };

/** Installed, updated, rolled back, deleted. */
async function lifeOf(
  chart: Published,
  { regionId, offer }: Seller,
  { installs }: CnapClient,
  signal: AbortSignal,
): Promise<Life> {
  const { productId, sourceId } = offer(chart);
  const begun = performance.now();
  const { install } = await installs.createInstall({ productId, regionId, name: chart.name, inputs: {} });
  const id = install?.id ?? '';
  const until = async (what: string, met: (now: Install) => boolean): Promise<Install> => {
    for (;;) {
      const { install: now } = await repeated(() => installs.getInstall({ id }, { signal }), signal);
      if (now && met(now)) return now;
      if (now?.state === InstallState.FAILED) throw new Error(`${chart.name} failed: ${now.message}`);
      if (performance.now() - begun > 180_000)
        throw new Error(`${chart.name} is not ${what}: ${now?.message}`);
      await pause(25, undefined, { signal });
    }
  };
  const runs = (revision: number) =>
    until(
      `running in revision ${revision}`,
      (now) => now.state === InstallState.RUNNING && now.revision === revision,
    );
  const first = await runs(1);
  const runningMs = performance.now() - begun;
  await repeated(
    () =>
      installs.updateInstallOverrides({
        id,
        updates: [{ sourceId, values: { podLabels: { tried: 'yes' } } }],
      }),
    signal,
  );
  await runs(2);
  await repeated(() => installs.rollbackInstall({ id, releaseId: first.releaseId }), signal);
  await runs(3);
  await repeated(() => installs.deleteInstall({ id }), signal);
  await until('deleted', (now) => now.state === InstallState.DELETED);
  const { deletionReceipt } = await installs.getDeletionReceipt({ installId: id });
  return {
    objects: first.progress?.objectsTotal ?? 0,
    runningMs,
    kept: (deletionReceipt?.objects ?? [])
      .filter(({ outcome, kind }) => outcome === 'kept' && kind === 'CustomResourceDefinition')
      .map(({ kind, name }) => `${kind} ${name}`),
  };
}

/** A machine with too much to do answers UNAVAILABLE now and then; each of these calls may be made again. */
async function repeated<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ConnectError) || error.code !== Code.Unavailable) throw error;
      await pause(250, undefined, { signal });
    }
  }
}
