import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import { startPlatformProcess, type PlatformProcess } from '../fuzz/running-platform.ts';
import { openKept, type Kept } from '../kept.ts';
import { openNetwork, type Network } from './routes.ts';

/** Everything that stands before it burns. */
export type Ground = { platform: PlatformProcess; kept: Kept; network: Network; database: Pool };

/** The platform as `npm start` brings it up, with a proxy between any two of its programs. */
export async function standUp(owned: AsyncDisposableStack): Promise<Ground> {
  let kept: Kept | undefined;
  let network: Network | undefined;
  const platform = await startPlatformProcess({ LOG_LEVEL: 'info' }, async (dataDir) => {
    kept = await openKept(dataDir, false);
    network = owned.use(await openNetwork(kept.ports));
    return { CNAP_ROUTES: JSON.stringify(network.routes) };
  });
  owned.use(platform);
  if (!kept || !network) throw new Error('the platform was started without its network');
  const database = new Pool({ connectionString: platform.dev.database_url, max: 4 });
  database.on('error', () => undefined); // it is killed now and then: the next query connects again
  owned.defer(() => database.end());
  return { platform, kept, network, database };
}

/** The kubeconfig of the cluster past the proxy. */
export async function directKubeconfig({ platform, kept }: Ground): Promise<{ path: string; token: string }> {
  const text = await readFile(platform.dev.kubeconfig, 'utf8');
  const path = join(platform.dataDir, 'kubeconfig-direct');
  await writeFile(path, text.replace(/(server:\s*"?http:\/\/127\.0\.0\.1:)\d+/, `$1${kept.ports.kubesim}`));
  return { path, token: /token:\s*"?([^\s"]+)/.exec(text)?.[1] ?? '' };
}
