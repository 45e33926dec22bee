// Holds docs/permissions.md against the protos, and docs/cluster-permissions.md against what an import asks for.
//   node tools/check-permissions.ts            exit code 1 when a document is not what they say
//   node tools/check-permissions.ts --write    writes them
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterPermissionsDocument } from './stack/src/permissions/cluster-document.ts';
import { permissionsDocument } from './stack/src/permissions/table.ts';

const documents = {
  'permissions.md': permissionsDocument,
  'cluster-permissions.md': clusterPermissionsDocument,
};
for (const [name, wantedOf] of Object.entries(documents)) {
  const file = join(import.meta.dirname, '../docs', name);
  const wanted = wantedOf();
  if (process.argv.includes('--write')) {
    writeFileSync(file, wanted);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted) {
    console.error(`docs/${name} is not up to date: run \`node tools/check-permissions.ts --write\``);
    process.exitCode = 1;
  }
}
