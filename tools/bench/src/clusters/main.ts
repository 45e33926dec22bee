// Many simulated clusters in one process. Told how many there are to be, it tells their kubeconfigs.
import process from 'node:process';
import { startKubesim } from '@cnap/kubesim';
import { tell, told } from '../programs.ts';

await using clusters = new AsyncDisposableStack();
const count = Number(process.env['BENCH_CLUSTERS'] ?? '1');
const started: { kubeconfig: string; url: string; token: string }[] = [];
for (let i = 0; i < count; i += 1) {
  const { kubeconfig, url, token } = clusters.use(await startKubesim({ podEvents: false }));
  started.push({ kubeconfig, url, token });
}
tell({ clusters: started });
for await (const _ of told()); // until whoever started it is gone
