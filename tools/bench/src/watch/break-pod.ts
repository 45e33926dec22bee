import { setTimeout as pause } from 'node:timers/promises';
import { connect, parseKubeconfig, refOf } from '@cnap/kubernetes';
import type { Context } from '../benchmark.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { simulate, type Clusters } from '../fleet/where.ts';

const longestMs = 30_000;

/**
 * Deletes the pod of an install when its image cannot be pulled any more.
 * @returns milliseconds until the install is DEGRADED
 */
export async function breakPod(
  { database }: Fleet,
  clusters: Clusters,
  { id, clusterIndex }: { id: string; clusterIndex: number },
  { signal }: Pick<Context, 'signal'>,
): Promise<number> {
  const simulated = clusters.simulated[clusterIndex];
  if (!simulated) throw new Error(`there is no cluster ${clusterIndex}`);
  await simulate(simulated, 'POST', 'images', { pattern: 'nginx', behaviour: 'never-pulls' });
  const { rows } = await database.query<{ namespace: string }>(
    'select namespace from installs where id = $1',
    [id],
  );
  const namespace = rows[0]?.namespace ?? '';
  await using cluster = connect(parseKubeconfig(simulated.kubeconfig));
  const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace, signal });
  if (!pod) throw new Error(`${id} has no pod`);
  const begun = performance.now();
  await cluster.delete(refOf(pod), { signal });
  while (performance.now() - begun < longestMs) {
    const { rows: found } = await database.query('select 1 from installs where id = $1 and state = $2', [
      id,
      'degraded',
    ]);
    if (found.length > 0) return performance.now() - begun;
    await pause(10, undefined, { signal });
  }
  throw new Error(`${id} is not DEGRADED ${longestMs / 1_000} s after its pod was deleted`);
}
