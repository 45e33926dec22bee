import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderChart } from '@cnap/helm';
import { connect, parseKubeconfig, type KubeObject } from '@cnap/kubernetes';
import { findProgram } from '@cnap/programs';
import type { Context } from '../benchmark.ts';
import { plainChart } from '../fleet/chart.ts';

/** Of this many at a time. */
export const bareAtOnce = 16;
export const helmsAtOnce = 4;

/** Server-side apply of the chart's objects and their namespace, and nothing else: no waiting, nothing recorded. */
export async function applyBare(kubeconfig: string, count: number, context: Context): Promise<number> {
  // What is measured is how many a second; one that is slow on a busy machine is no failure.
  await using cluster = connect(parseKubeconfig(kubeconfig), { callTimeoutMs: 60_000 });
  const { signal } = context;
  const { objects } = await renderChart({
    chart: plainChart(),
    releaseName: 'bare-name',
    namespace: 'bare-space',
    values: {},
    signal,
  });
  const text = JSON.stringify(objects);
  const apply = (object: KubeObject) => cluster.apply(object, { fieldManager: 'bare', force: true, signal });
  return await perSecond(count, bareAtOnce, context, async (index) => {
    const namespace = `bare-${index}`;
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const own = JSON.parse(text.replaceAll('bare-name', namespace)) as KubeObject[];
    await Promise.all(own.map((object) => apply({ ...object, metadata: { ...object.metadata, namespace } })));
  });
}

/** As a person would. */
export async function installByHelm(kubeconfig: string, count: number, context: Context): Promise<number> {
  const helm = (await findProgram('helm')).path;
  const chart = join(context.scratch, 'app.tgz');
  const access = join(context.scratch, 'kubeconfig');
  await writeFile(chart, plainChart());
  await writeFile(access, kubeconfig, { mode: 0o600 });
  return perSecond(count, helmsAtOnce, context, async (index) => {
    const name = `helm-${index}`;
    const what = ['install', name, chart, '--namespace', name, '--create-namespace', '--wait'];
    const child = spawn(helm, [...what, '--kubeconfig', access], {
      signal: context.signal,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`helm install failed: ${complaint.slice(-500)}`);
  });
}

async function perSecond(
  count: number,
  atOnce: number,
  { progress, signal }: Context,
  one: (index: number) => Promise<void>,
): Promise<number> {
  const begun = performance.now();
  let next = 0;
  let done = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let index = next++; index < count; index = next++) {
        signal.throwIfAborted();
        await one(index);
        progress.at((done += 1) / count);
      }
    }),
  );
  return (count * 1_000) / (performance.now() - begun);
}
