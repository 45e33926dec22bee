// Holds docs/permissions.md against the protos.
//   node tools/check-permissions.ts            exit code 1 when the document is not what the protos say
//   node tools/check-permissions.ts --write    writes it
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissionsDocument } from './stack/src/permissions/table.ts';

const file = join(import.meta.dirname, '../docs/permissions.md');
const wanted = permissionsDocument();
if (process.argv.includes('--write')) {
  writeFileSync(file, wanted);
} else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted) {
  console.error('docs/permissions.md is not up to date: run `node tools/check-permissions.ts --write`');
  process.exitCode = 1;
}
