// Checks the contracts: buf's lint rules, and nothing that breaks callers of the last release on the wire or
// in JSON. The release's descriptors are committed as proto/released.binpb:
//   buf build proto --as-file-descriptor-set -o proto/released.binpb
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const released = 'proto/released.binpb';

function buf(...args: string[]): void {
  const run = spawnSync(join(root, 'node_modules/.bin/buf'), args, { cwd: root, stdio: 'inherit' });
  if (run.error) throw run.error;
  if (run.status !== 0) process.exitCode = 1;
}

if (!existsSync(join(root, 'third_party'))) {
  console.error('third_party is not there: run `pnpm generate` first');
  process.exit(1);
}
buf('lint', 'proto');
if (existsSync(join(root, released))) buf('breaking', 'proto', '--against', released);
else console.log(`skipped the check for breaking changes: there is no release yet (${released})`);
