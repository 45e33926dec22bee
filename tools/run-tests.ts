// What `npm test` does once everything is installed: starts Postgres and NATS (and Kubernetes, where
// KUBEBUILDER_ASSETS says so) once, lets turbo run all checks and tests that are not cached, and sums up.
// The last line is always `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startTestServers } from '../packages/test-servers/src/global-setup.ts';
import { readRun } from './test-run/read-run.ts';
import { lastLine, printSummary } from './test-run/summary.ts';

const root = join(import.meta.dirname, '..');
const started = performance.now();

await using servers = new AsyncDisposableStack();
const wanted = ['postgres', 'nats', 'kubernetes'];
process.stdout.write('starting the servers for the tests … ');
await startTestServers(servers, wanted);
const hasKubernetes = Boolean(process.env['CNAP_TEST_KUBECONFIG']);
if (hasKubernetes) process.env['CNAP_TEST_KUBERNETES'] = 'real'; // part of turbo's hash; the address is not
const seconds = ((performance.now() - started) / 1_000).toFixed(1);
console.log(`Postgres, NATS${hasKubernetes ? ' and a real Kubernetes' : ''}, ${seconds} s`);

// Test workers and the services they start load much the same: compiled once for the whole run.
process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules/.cache/compile');
rmSync(join(root, '.turbo', 'runs'), { recursive: true, force: true });
const options = '--continue --output-logs=errors-only --log-order=grouped --summarize'.split(' ');
const own = process.argv.slice(2);
// turbo begins with the packages that others need, so the two that take longest, and need all others, would come last
// and for themselves: they have a lane of their own, beside everything else. Each package has two workers.
const long = ['@cnap/installer', '@cnap/stack'];
const all = ['checks', 'test', 'test:tools'];
const lanes = own.some((each) => /^(-F|--filter|--affected)/.test(each))
  ? [[...all, '--concurrency=2']]
  : [
      ['test', '--concurrency=1', ...long.map((name) => `--filter=${name}`)],
      [...all, '--concurrency=2', ...long.map((name) => `--filter=!${name}`)],
    ];
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
const turbos = lanes.map((lane) =>
  spawn(join(root, 'node_modules/.bin/turbo'), ['run', ...lane, ...options, ...own], {
    cwd: root,
    stdio: 'inherit',
    env,
  }),
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => turbos.forEach((turbo) => turbo.kill(signal)));
}
const ends = (await Promise.all(turbos.map((turbo) => once(turbo, 'exit')))) as [number | null][];
const [code] = ends.find(([each]) => each !== 0) ?? [0];

const packages = await readRun(root);
printSummary(packages);
await servers.disposeAsync();
const { failed } = packages.reduce((sum, each) => ({ failed: sum.failed + each.failed }), { failed: 0 });
if (code !== 0 && failed === 0) console.log(`turbo ended with ${code ?? 'a signal'}: see above`);
process.exitCode = code === 0 && failed === 0 ? 0 : 1;
console.log(lastLine(packages));
