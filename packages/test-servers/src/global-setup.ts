import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKubernetes, startNats, startPostgres } from '@cnap/programs';
import { dropTemplates } from './fresh-database.ts';

let running: AsyncDisposableStack | undefined;

/**
 * Vitest's global set-up: starts the servers that the package's tests name (tools/vitest.ts), once for the
 * run, unless the environment already names them, as `npm test` does for all packages together.
 */
export async function setup(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  await startTestServers(stack, (process.env['CNAP_TEST_SERVERS'] ?? '').split(','));
  running = stack.move();
}

export async function teardown(): Promise<void> {
  await running?.disposeAsync();
}

/** Starts what is wanted and not yet named by the environment, and names it there for all child processes. */
export async function startTestServers(
  stack: AsyncDisposableStack,
  wanted: string[],
  onStep: (text: string) => void = () => undefined,
): Promise<void> {
  const env = process.env;
  const folder = await mkdtemp(join(tmpdir(), 'cnap-test-'));
  await chmod(folder, 0o755); // root's Postgres runs as another user
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

  if (wanted.includes('postgres') && !env['CNAP_TEST_DATABASE_URL']) {
    const dataDir = join(folder, 'postgres');
    const postgres = stack.use(await startPostgres({ dataDir, durable: false, onStep }));
    env['CNAP_TEST_DATABASE_URL'] = postgres.url;
  }
  if (wanted.includes('postgres') && !env['CNAP_TEST_RUN']) {
    const run = randomBytes(4).toString('hex');
    env['CNAP_TEST_RUN'] = run;
    stack.defer(() => dropTemplates(run));
  }
  if (wanted.includes('nats') && !env['CNAP_TEST_NATS_URL']) {
    const nats = stack.use(await startNats({ dataDir: join(folder, 'nats'), onStep }));
    env['CNAP_TEST_NATS_URL'] = nats.url;
  }
  if (wanted.includes('kubernetes') && !env['CNAP_TEST_KUBECONFIG'] && env['KUBEBUILDER_ASSETS']) {
    const dataDir = join(folder, 'kubernetes');
    const kubernetes = stack.use(await startKubernetes({ dataDir, shellsOnThisMachine: true, onStep }));
    env['CNAP_TEST_KUBECONFIG'] = kubernetes.kubeconfigPath;
  }
}
