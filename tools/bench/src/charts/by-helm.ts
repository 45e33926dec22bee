import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from '@cnap/kubernetes';
import { findProgram } from '@cnap/programs';
import type { Context } from '../benchmark.ts';
import type { Published } from './published.ts';
import { removeCrds, removeNamespace } from './tidy.ts';

const run = promisify(execFile);

/** `helm install --wait` into an empty namespace, and everything removed again; milliseconds until it returns. */
export async function installByHelm(
  { name, file, values, wantsNamespace }: Published,
  { cluster, kubeconfigPath }: { cluster: Cluster; kubeconfigPath: string },
  { scratch, signal }: Context,
): Promise<number> {
  const { path } = await findProgram('helm');
  const namespace = `helm-${name}`;
  const valuesFile = join(scratch, `${name}.json`);
  await writeFile(valuesFile, JSON.stringify(wantsNamespace ? { ...values, global: { namespace } } : values));
  const helm = (...given: string[]) =>
    run(path, [...given, `--namespace=${namespace}`, `--kubeconfig=${kubeconfigPath}`], { signal });
  const begun = performance.now();
  await helm(
    'install',
    name,
    file,
    '--create-namespace',
    '--wait',
    '--timeout=60s',
    `--values=${valuesFile}`,
  );
  const took = performance.now() - begun;
  await helm('uninstall', name, '--wait');
  await removeNamespace(cluster, namespace, signal);
  await removeCrds(cluster, signal);
  return took;
}
