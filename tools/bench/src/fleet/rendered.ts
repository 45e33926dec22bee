import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '@cnap/programs';
import { packagedChart } from './chart.ts';

const run = promisify(execFile);

/**
 * A program that answers as helm does, with what helm rendered once and only the names exchanged: what an install
 * costs when its release is rendered already.
 * @returns its path, for CNAP_HELM
 */
export async function renderedAlready(folder: string): Promise<string> {
  const { path, version } = await findProgram('helm');
  const chart = join(folder, 'package.tgz');
  await writeFile(chart, packagedChart());
  const { stdout } = await run(path, ['template', 'the-name', chart, '--namespace', 'the-space']);
  const output = join(folder, 'rendered.yaml');
  await writeFile(output, stdout);
  const program = join(folder, 'rendered-already');
  const exchange = `exec sed -e "s/the-name/$2/g" -e "s/the-space/$5/g" '${output}'`;
  const script = `#!/bin/sh\nif [ "$1" = version ]; then echo v${version}; else ${exchange}; fi\n`;
  await writeFile(program, script, { mode: 0o755 });
  return program;
}
