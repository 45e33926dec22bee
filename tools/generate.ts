// Generates packages/proto/src/gen from proto/: fills third_party/ from npm packages, then runs buf.
// `--check` generates into a scratch folder and fails when the committed code differs.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { printValidateProto } from './print-validate-proto.ts';
import { protoComments } from './proto-comments.ts';

const root = join(import.meta.dirname, '..');
const require = createRequire(join(root, 'package.json'));
const thirdParty = join(root, 'third_party');
const generated = join(root, 'packages/proto/src/gen');

const packageFolder = (name: string): string => {
  let folder = dirname(require.resolve(name));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
};

function fillThirdParty(): void {
  const google = packageFolder('google-proto-files');
  const copies: [string, string][] = [
    ...['annotations', 'http', 'field_behavior', 'client'].map((n): [string, string] => [
      join(google, `google/api/${n}.proto`),
      `google/api/${n}.proto`,
    ]),
    [join(google, 'google/api/launch_stage.proto'), 'google/api/launch_stage.proto'],
    ...['error_details', 'status', 'code'].map((n): [string, string] => [
      join(google, `google/rpc/${n}.proto`),
      `google/rpc/${n}.proto`,
    ]),
    [join(packageFolder('grpc-health-check'), 'proto/health/v1/health.proto'), 'grpc/health/v1/health.proto'],
    ...['v1', 'v1alpha'].map((v): [string, string] => [
      join(packageFolder('@grpc/reflection'), `build/proto/grpc/reflection/${v}/reflection.proto`),
      `grpc/reflection/${v}/reflection.proto`,
    ]),
  ];
  rmSync(thirdParty, { recursive: true, force: true });
  for (const [from, to] of copies) {
    if (!existsSync(from)) continue;
    mkdirSync(dirname(join(thirdParty, to)), { recursive: true });
    cpSync(from, join(thirdParty, to));
  }
  mkdirSync(join(thirdParty, 'buf/validate'), { recursive: true });
  writeFileSync(join(thirdParty, 'buf/validate/validate.proto'), printValidateProto());
}

function buf(...args: string[]): void {
  const bin = join(root, 'node_modules/.bin');
  const run = spawnSync(join(bin, 'buf'), args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
  });
  if (run.status !== 0) process.exit(run.status ?? 1);
}

/** For the OpenAPI document and the reference pages, which say what the protos say. */
function writeComments(folder: string): void {
  const file = join(folder, 'descriptors.binpb');
  buf('build', 'proto', '--as-file-descriptor-set', '-o', file);
  writeFileSync(join(folder, 'comments.json'), JSON.stringify(protoComments(readFileSync(file))));
  rmSync(file);
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}

fillThirdParty();
if (process.argv.includes('--third-party')) process.exit(0);
if (process.argv.includes('--check')) {
  const scratch = mkdtempSync(join(tmpdir(), 'cnap-generated-'));
  const template = readFileSync(join(root, 'buf.gen.yaml'), 'utf8').replace(
    'packages/proto/src/gen',
    scratch,
  );
  const templateFile = join(scratch, 'buf.gen.yaml');
  writeFileSync(templateFile, template.replace('clean: true', 'clean: false'));
  buf('generate', '--template', templateFile);
  rmSync(templateFile);
  writeComments(scratch);
  const names = new Set([...filesBelow(scratch), ...filesBelow(generated)]);
  const read = (folder: string, name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : undefined;
  const stale = [...names].filter((name) => read(scratch, name) !== read(generated, name));
  rmSync(scratch, { recursive: true, force: true });
  if (stale.length > 0) {
    console.error(`Generated code is not up to date (run "pnpm generate"):\n  ${stale.join('\n  ')}`);
    process.exit(1);
  }
} else {
  buf('generate');
  writeComments(generated);
}
