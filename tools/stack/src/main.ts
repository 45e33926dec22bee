// `npm start`: the whole platform on this machine. See README.md here for what it starts and where it keeps it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startChartRepository } from './chart-repository.ts';
import { bold, dim, red, say, seconds, step } from './console.ts';
import { devFilePath, readDevFile, type DevFile } from './dev-file.ts';
import { openKept, writePrivately, type Kept } from './kept.ts';
import { startCluster, startStores, startStripe } from './infrastructure.ts';
import { environmentOf, programs, serviceDatabaseUrl, type Surroundings } from './layout.ts';
import { claimFolder } from './lock.ts';
import { startMailSink } from './mail-sink.ts';
import { migrateAll } from './migrate-all.ts';
import { readOptions, usage, type Options } from './options.ts';
import { refuseBusyPort } from './ports.ts';
import { problemOf } from './problem.ts';
import { startNodeProcess } from './process.ts';
import { seed } from './seed/seed.ts';
import { Supervisor } from './supervisor.ts';

async function startPrograms(supervisor: Supervisor, options: Options, kept: Kept, around: Surroundings) {
  const logs = join(options.dataDir, 'logs');
  await Promise.all(
    programs.map((program) => {
      const port = program === 'gateway' ? options.publicPort : kept.ports[program];
      return supervisor.start(program, () =>
        startNodeProcess({
          name: program,
          entry: `services/${program}/src/main.ts`,
          env: environmentOf(program, kept, around),
          logFile: join(logs, `${program}.log`),
          readyUrl: `http://127.0.0.1:${port}/readyz`,
        }),
      );
    }),
  );
}

async function bringUp(
  options: Options,
  supervisor: Supervisor,
  owned: AsyncDisposableStack,
): Promise<DevFile | undefined> {
  const before = options.fresh ? undefined : await readDevFile(options.dataDir);
  const kept = await openKept(options.dataDir, options.fresh);
  await mkdir(join(options.dataDir, 'logs'), { recursive: true });
  const charts = owned.use(await startChartRepository(kept.ports.charts));
  const mails = process.env['CNAP_SMTP_URL']
    ? undefined
    : owned.use(await startMailSink({ smtp: kept.ports.smtp, page: kept.ports.mails }));
  const [stores, cluster, stripe] = await Promise.all([
    startStores(supervisor, options, kept),
    startCluster(supervisor, options, kept),
    startStripe(supervisor, options, kept),
  ]);
  const urlOf = (service: string) =>
    serviceDatabaseUrl(stores.databaseUrl, service, kept.passwords[service] ?? '');
  await step(
    (count: number) => `migrations (${count})`,
    () => migrateAll(stores.databaseUrl, urlOf),
  );
  const smtpUrl = process.env['CNAP_SMTP_URL'] ?? mails?.smtpUrl ?? '';
  const { publicPort, routes } = options;
  const around: Surroundings = { ...stores, publicPort, smtpUrl, stripe, routes };
  await step(`${programs.length} processes: ${programs.join(', ')}`, () =>
    startPrograms(supervisor, options, kept, around),
  );
  if (!options.seed) return undefined;
  const url = `http://127.0.0.1:${options.publicPort}`;
  const operator = {
    identityUrl: `http://127.0.0.1:${kept.ports.identity}`,
    privateKey: kept.keys.admin.privateKey,
  };
  const sample = await seed(
    { url, operator, kubeconfigPath: cluster.kubeconfigPath, chartsUrl: charts.url, stripe },
    before,
  );
  const file: DevFile = {
    url,
    stripe_url: stripe.apiUrl ?? 'https://api.stripe.com',
    mail_url: mails?.url ?? '',
    kubeconfig: cluster.kubeconfigPath,
    database_url: stores.databaseUrl,
    nats_url: stores.natsUrl,
    ...sample,
  };
  await writePrivately(devFilePath(options.dataDir), file);
  return file;
}

function tellWhereEverythingIs(file: DevFile, dataDir: string): void {
  say();
  say(
    `  ${bold('Public port')}   ${file.url}   ${dim('sign-in, REST, Connect, gRPC, gRPC-Web, reflection')}`,
  );
  say(
    `  ${bold('Reference')}     ${file.url}/docs   ${dim('REST to read and try; /docs/grpc; /v1/openapi.json')}`,
  );
  say(`  ${bold('Sign-in')}       ${file.url}/sign-up   ${dim(file.mail_url && `mails: ${file.mail_url}`)}`);
  say(`  ${bold('Stripe')}        ${file.stripe_url}`);
  say(`  ${bold('Kubernetes')}    kubectl --kubeconfig ${file.kubeconfig} get pods -A`);
  say(`  ${bold('Tokens, ids')}   ${devFilePath(dataDir)}   ${dim('logs beside it')}`);
  say();
  say(`  Try next, in another terminal:  ${bold('npm run sale')}`);
  say(`                                  ${bold(`npm run sale -- --product ${file.products.monthly}`)}`);
  say(`  Ctrl-C ends everything; the next start goes on with the same data.`);
  say();
}

async function main(): Promise<void> {
  const begun = performance.now();
  if (process.argv.includes('--help')) return say(usage);
  const options = readOptions(process.argv.slice(2), process.env);
  const stop = Promise.withResolvers<string>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stop.resolve(signal));
  await using owned = new AsyncDisposableStack();
  await refuseBusyPort(options.publicPort);
  await mkdir(options.dataDir, { recursive: true });
  owned.use(await claimFolder(options.dataDir));
  const supervisor = owned.use(
    new Supervisor((pids) => writePrivately(join(options.dataDir, 'pids.json'), pids)),
  );
  const up = bringUp(options, supervisor, owned);
  const first = await Promise.race([up.then((file) => ({ file })), stop.promise]);
  if (typeof first === 'object') {
    if (first.file) tellWhereEverythingIs(first.file, options.dataDir);
    say(bold(`ready in ${seconds(begun)}`));
    await stop.promise;
  } else {
    up.catch(() => undefined);
  }
  say('\nstopping');
  return undefined;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${red('✗')} ${problemOf(error)}\n`);
  if (process.env['CNAP_DEBUG']) process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
  process.exit(1);
}
process.exit(0);
