// Makes of this package what is published: JavaScript and types, with the generated code that it uses inside.
// `node src/pack.ts <folder>` writes the tarball there and says its path.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const home = join(import.meta.dirname, '..');
const root = join(home, '../..');
const generated = join(root, 'packages/proto/src/gen');
const entries = ['src/index.ts', 'src/node.ts'];
const forHttp2 = '@connectrpc/connect-node'; // asks for Node 22: installed by those who use HTTP/2

type Manifest = Record<string, unknown> & {
  name: string;
  version: string;
  dependencies: Record<string, string>;
};
const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

const out = resolve(process.argv[2] ?? join(home, 'dist'));
mkdirSync(out, { recursive: true });
mkdirSync(join(home, 'dist'), { recursive: true });
const build = mkdtempSync(join(home, 'dist/build-')); // within the package, where its dependencies are found
try {
  const packages = writeSources(join(build, 'source'));
  run('tsc', ['-p', join(build, 'tsconfig.json')]);
  const folder = join(build, 'package');
  writeFileSync(join(folder, 'package.json'), JSON.stringify(publishedManifest(packages), null, 2));
  cpSync(join(home, 'README.md'), join(folder, 'README.md'));
  const said = run('npm', ['pack', folder, '--pack-destination', out, '--json', '--loglevel', 'error']);
  const [packed] = JSON.parse(said) as { filename: string }[];
  process.stdout.write(`${join(out, packed?.filename ?? '')}\n`);
} finally {
  rmSync(build, { recursive: true, force: true });
}

/** Copies what the entries reach, so that every import is relative; says which packages they use beside. */
function writeSources(source: string): string[] {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const placeOf = (file: string): string =>
    file.startsWith(generated) ? join('gen', relative(generated, file)) : relative(join(home, 'src'), file);
  const write = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8').replaceAll(/ from ["']([^"']+)["']/g, (_, from: string) => {
      const target = targetOf(file, from);
      if (target === undefined) {
        packages.add(from.split('/', from.startsWith('@') ? 2 : 1).join('/'));
        return ` from '${from}'`;
      }
      write(target);
      const path = relative(dirname(placeOf(file)), placeOf(target));
      return ` from '${path.startsWith('.') ? path : `./${path}`}'`;
    });
    const place = join(source, placeOf(file));
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
  };
  for (const entry of entries) write(join(home, entry));
  writeFileSync(
    join(source, '../tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        rewriteRelativeImportExtensions: true,
        target: 'es2022',
        lib: ['es2023', 'dom', 'dom.iterable', 'esnext.disposable'],
        types: [],
        rootDir: './source',
        outDir: './package/dist',
      },
      include: ['./source'],
      exclude: [],
    }),
  );
  return [...packages].toSorted();
}

/** The file that an import names; undefined for a package that is published by itself. */
function targetOf(file: string, from: string): string | undefined {
  if (from.startsWith('.')) return join(dirname(file), from);
  if (from.startsWith('@cnap/proto/')) return join(generated, `${from.slice('@cnap/proto/'.length)}_pb.ts`);
  return undefined;
}

function publishedManifest(packages: string[]): object {
  const own = manifestOf(home);
  const { license, repository } = manifestOf(root);
  const missing = packages.filter((name) => !existsSync(join(home, 'node_modules', name)));
  if (missing.length > 0) throw new Error(`not among the dependencies: ${missing.join(', ')}`);
  const versions = (names: string[]) =>
    Object.fromEntries(
      names.map((name) => [name, `^${manifestOf(join(home, 'node_modules', name)).version}`]),
    );
  const module = (path: string) => ({ types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` });
  return {
    name: own.name,
    version: own.version,
    description: 'The client for CNAP, in Node, browsers, Deno and Bun',
    ...(license === undefined ? {} : { license }),
    ...(repository === undefined ? {} : { repository }),
    type: 'module',
    sideEffects: false,
    exports: {
      '.': module('index'),
      './node': module('node'),
      './cnap/*': module('gen/cnap/*_pb'),
      './package.json': './package.json',
    },
    files: ['dist'],
    engines: { node: '>=20' },
    dependencies: versions(packages.filter((name) => name !== forHttp2)),
    peerDependencies: versions([forHttp2]),
    peerDependenciesMeta: { [forHttp2]: { optional: true } },
  };
}

function run(program: string, args: string[]): string {
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`;
  const done = spawnSync(program, args, { cwd: home, env: { ...process.env, PATH: path }, encoding: 'utf8' });
  if (done.status === 0) return done.stdout;
  throw new Error(`${program} failed: ${done.error?.message ?? ''}${done.stdout}${done.stderr}`);
}
