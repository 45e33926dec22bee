// Checks what docs and habits cannot keep alone: who may import whom, names, sizes, the anatomy of a service.
//   node tools/check-architecture.ts [folder]     prints file:line and the rule; exit code 1 when there is any
import { join } from 'node:path';
import { checkArchitecture } from './architecture/check.ts';

const root = process.argv[2] ?? join(import.meta.dirname, '..');
const violations = checkArchitecture(root);
for (const { file, line, rule } of violations) console.log(`${file}:${line} ${rule}`);
if (violations.length > 0) {
  console.log(`${violations.length} violations of the architecture`);
  process.exitCode = 1;
}
