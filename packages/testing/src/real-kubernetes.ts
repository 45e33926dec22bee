import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKubernetes } from '@cnap/programs';

export interface RealKubernetes extends AsyncDisposable {
  /** The text of a kubeconfig with all rights. Test files share the cluster: use namespaces of your own. */
  readonly kubeconfig: string;
  readonly kubeconfigPath: string;
}

/**
 * A real control plane: the one of `CNAP_TEST_KUBECONFIG`, else one started from `KUBEBUILDER_ASSETS`.
 * Without either it is undefined, says so, and the test skips:
 * `const kubernetes = await realKubernetes(); test.skipIf(!kubernetes)(…)`.
 */
export async function realKubernetes(): Promise<RealKubernetes | undefined> {
  const kubeconfigPath = process.env['CNAP_TEST_KUBECONFIG'];
  if (kubeconfigPath) {
    const kubeconfig = await readFile(kubeconfigPath, 'utf8');
    return { kubeconfig, kubeconfigPath, [Symbol.asyncDispose]: async () => undefined };
  }
  if (!process.env['KUBEBUILDER_ASSETS']) {
    process.stderr.write('skipped on real Kubernetes: set KUBEBUILDER_ASSETS or CNAP_TEST_KUBECONFIG\n');
    return undefined;
  }
  await using stack = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'cnap-kubernetes-'));
  stack.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  const cluster = stack.use(await startKubernetes({ dataDir, shellsOnThisMachine: true }));
  const running = stack.move();
  return {
    kubeconfig: cluster.kubeconfig,
    kubeconfigPath: cluster.kubeconfigPath,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
