// Sets everything up on a machine that has only Node ≥ 20, npm and git, and then runs a command on the
// repository's own Node 24:   node tools/bootstrap.mjs start|test|sale|bench|fuzz|chaos|<script of package.json> [-- arguments]
// Plain JavaScript without dependencies: it runs before anything is installed, on whatever Node there is.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const modules = join(root, 'node_modules');
const [command = 'start', ...rest] = process.argv.slice(2);
const args = rest[0] === '--' ? rest.slice(1) : rest;

/** What each command runs; any other name is a script of package.json. */
const entries = {
  start: 'tools/stack/src/main.ts',
  sale: 'tools/stack/src/sale/main.ts',
  bench: 'tools/bench/src/main.ts',
  fuzz: 'tools/stack/src/fuzz/main.ts',
  chaos: 'tools/stack/src/chaos/main.ts',
  test: 'tools/run-tests.ts',
};
/** The outside programs that a command needs. */
const programs = {
  start: ['postgres', 'nats-server', 'helm'],
  test: ['postgres', 'nats-server', 'helm'],
  bench: ['helm'],
  fuzz: ['postgres', 'nats-server', 'helm'],
  chaos: ['postgres', 'nats-server', 'helm'],
};

checkCommand();
checkNode();
installDependencies();
const env = { ...process.env, PATH: [nodeFolder(), join(modules, '.bin'), process.env.PATH].join(delimiter) };
generateCode();
preparePrograms();
run();

function checkCommand() {
  const entry = entries[command];
  if (entry !== undefined && !existsSync(join(root, entry))) fail(`${entry} is not there`);
  const known = [...new Set([...Object.keys(entries), ...Object.keys(manifest.scripts)])];
  if (!known.includes(command)) fail(`there is no command ${command}: ${known.join(', ')}`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20) fail(`Node ${process.versions.node} is too old: install Node 20 or newer`);
  const bringsItsOwn =
    manifest.optionalDependencies[`node-${process.platform}-${process.arch}`] !== undefined;
  if (!bringsItsOwn && (major < 24 || (major === 24 && minor < 11))) {
    fail(
      `on ${process.platform}-${process.arch} install Node 24.11 or newer (this is ${process.versions.node})`,
    );
  }
}

function installDependencies() {
  const stamp = join(modules, '.cnap-installed');
  const wanted = hashOf(['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']);
  if (isCurrent(stamp, wanted)) return;
  const pnpm = manifest.packageManager; // pnpm@12.21.0
  step(`installing dependencies with ${pnpm}`, () => {
    // without CI, pnpm may ask before it replaces node_modules, and nobody would answer
    execute('npx', ['-y', pnpm, 'install', '--frozen-lockfile'], { ...process.env, CI: '1' });
    writeFileSync(stamp, wanted);
  });
}

/** The folder of the Node that everything runs on: the pinned one from npm, else the one that runs this. */
function nodeFolder() {
  const pinned = join(modules, `node-${process.platform}-${process.arch}`, 'bin');
  return existsSync(join(pinned, 'node')) ? pinned : join(process.execPath, '..');
}

function generateCode() {
  const stamp = join(modules, '.cnap-generated');
  const wanted = hashOf([
    'proto',
    'buf.yaml',
    'buf.gen.yaml',
    'pnpm-lock.yaml',
    'tools/generate.ts',
    'tools/proto-comments.ts',
    'tools/print-validate-proto.ts',
  ]);
  const isThere = existsSync(join(root, 'packages/proto/src/gen')) && existsSync(join(root, 'third_party'));
  if (isThere && isCurrent(stamp, wanted)) return;
  step('generating code from proto/', () => {
    execute('node', ['tools/generate.ts'], env);
    writeFileSync(stamp, wanted);
  });
}

function preparePrograms() {
  const names = programs[command];
  if (!names) return;
  const { status } = spawnSync('node', ['tools/prepare-programs.ts', ...names], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

function run() {
  const entry = entries[command];
  const [program, programArgs] = entry ? ['node', [entry, ...args]] : ['pnpm', ['run', command, ...args]];
  const child = spawn(program, programArgs, { cwd: root, env, stdio: 'inherit' });
  child.on('error', (error) => fail(`${program} cannot be started: ${error.message}`));
  // A terminal sends Ctrl-C to the child as well; once is enough.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // npm cannot pass on the signal that kills it: without npm, nobody waits for us
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid === parent || child.kill('SIGTERM'), 500);
  if (!process.env.npm_lifecycle_event) clearInterval(watch);
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function step(text, work) {
  const started = performance.now();
  process.stdout.write(`${text} … `);
  work();
  console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** Runs something silently; when it fails, the end of what it said is all there is to see. */
function execute(program, programArgs, environment) {
  const { status, error, stdout, stderr } = spawnSync(program, programArgs, {
    cwd: root,
    env: environment,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) fail(`${program} cannot be started: ${error.message}`);
  if (status === 0) return;
  console.error(`failed\n${stdout}${stderr}`.trimEnd().split('\n').slice(-20).join('\n'));
  fail(`${program} ${programArgs.join(' ')} failed`);
}

function isCurrent(stamp, wanted) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

function hashOf(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    if (statSync(full).isDirectory()) {
      // oxlint-disable-next-line no-array-sort -- Node 20 runs this too
      for (const name of readdirSync(full).sort()) add(join(path, name));
    } else {
      hash.update(`${path}\0`).update(readFileSync(full)).update('\0');
    }
  };
  paths.forEach(add);
  return hash.digest('hex');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
