// The published client, as somebody has it who installed it: outside of the workspace, with what it declares to need.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

const root = join(import.meta.dirname, '../../../..');
const client = join(root, 'packages/client');

export type Installed = AsyncDisposable & {
  /** The folder of a program of its own, with the examples of the README in it. */
  folder: string;
  /** What is wrong with its types; empty when nothing is. */
  typeErrors(): string;
  /** Starts one of the examples. */
  start(example: string, environment: Record<string, string>): Running;
};

export type Running = {
  /** Everything that it has said so far. */
  said(): string;
  /** What it said, all in all; rejects when it failed. */
  ended: Promise<string>;
};

export async function installPackedClient(): Promise<Installed> {
  await using parts = new AsyncDisposableStack();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'cnap-client-')));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const tarball = run('node', [join(client, 'src/pack.ts'), folder]).trim();
  const unpacked = join(folder, 'node_modules/@cnap/client');
  mkdirSync(unpacked, { recursive: true });
  run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
  const manifest = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8')) as Record<string, object>;
  for (const name of Object.keys({ ...manifest['dependencies'], ...manifest['peerDependencies'] }))
    link(await realpath(join(client, 'node_modules', name)), join(folder, 'node_modules', name));
  link(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  cpSync(join(client, 'examples'), folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(strictest));
  const owned = parts.move();
  return {
    folder,
    typeErrors: () => {
      const checked = spawnSync('tsc', ['-p', folder], { env: withPrograms, encoding: 'utf8' });
      return checked.status === 0 ? '' : checked.stdout + checked.stderr;
    },
    start: (example, environment) => start(folder, example, environment),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** No skipLibCheck: the declarations that are published are checked too. */
const strictest = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noEmit: true,
    verbatimModuleSyntax: true,
    exactOptionalPropertyTypes: true,
  },
  include: ['*.ts'],
  exclude: ['deno.ts', 'bun.ts'], // their globals are theirs
};

const withPrograms = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` };

function run(program: string, args: string[]): string {
  const done = spawnSync(program, args, { env: withPrograms, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${program} failed: ${done.stdout}${done.stderr}`);
  return done.stdout;
}

function link(target: string, place: string): void {
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(target, place);
}

function start(folder: string, example: string, environment: Record<string, string>): Running {
  const child = spawn(process.execPath, [join(folder, example)], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  const complaints = text(child.stderr);
  const ended = once(child, 'close').then(async ([status]) => {
    if (status !== 0) throw new Error(`${example} ended with ${String(status)}: ${await complaints}`);
    return said;
  });
  return { said: () => said, ended };
}
