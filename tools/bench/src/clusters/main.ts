// Many simulated clusters in one process. Told how many there are to be, it tells their kubeconfigs; told what to copy,
// it stops them, writes the copies into their data, and starts them again where they were.
import { join } from 'node:path';
import process from 'node:process';
import { startKubesim, type Kubesim } from '@cnap/kubesim';
import { tell, told } from '../programs.ts';
import { copyInstalls, type Copies } from './copy-installs.ts';

const count = Number(process.env['BENCH_CLUSTERS'] ?? '1');
const data = process.env['BENCH_DATA'];
const folderOf = (index: number): string | undefined =>
  data === undefined ? undefined : join(data, String(index));
const running: Kubesim[] = [];

async function startAll(ports: readonly number[] = []): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    running.push(await startKubesim({ podEvents: false, data: folderOf(i), port: ports[i] ?? 0 }));
  }
  tell({ clusters: running.map(({ kubeconfig, url, token }) => ({ kubeconfig, url, token })) });
}

async function stopAll(): Promise<number[]> {
  const stopped = running.splice(0);
  for (const kubesim of stopped) await kubesim[Symbol.asyncDispose]();
  return stopped.map(({ port }) => port);
}

await startAll();
for await (const { copies } of told()) {
  const ports = await stopAll();
  for (const [index, some] of (copies as Copies[]).entries()) {
    await copyInstalls(folderOf(index) ?? '', some);
  }
  await startAll(ports);
}
await stopAll(); // whoever started it is gone
