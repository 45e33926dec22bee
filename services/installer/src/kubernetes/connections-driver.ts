// The connections of an installer to one cluster that is behind a proxy, which a test may make fail.
import { type Cluster, formatKubeconfig, parseKubeconfig } from '@cnap/kubernetes';
import { type FaultProxy, startFaultProxy } from '@cnap/testing';

import { ClusterConnections, type ConnectionOptions } from './cluster-connections.ts';

type Setup = AsyncDisposable & {
  proxy: FaultProxy;
  connections: ClusterConnections;
  /** What whoever keeps kubeconfigs says, and how often it was asked. */
  kept: { kubeconfig: string; asked: number };
  clock: { now: number };
  changed: string[];
  answersAgain: string[];
  /** So many uses of the connection at once. */
  ask(times?: number): Promise<unknown>;
};

export async function setUp(kubeconfig: string, options: Partial<ConnectionOptions> = {}): Promise<Setup> {
  await using stack = new AsyncDisposableStack();
  const { ca, ...config } = parseKubeconfig(kubeconfig);
  const proxy = stack.use(await startFaultProxy(config.server, ca));
  const kept = { kubeconfig: formatKubeconfig({ ...config, server: proxy.url }), asked: 0 };
  const clock = { now: 0 };
  const changed: string[] = [];
  const answersAgain: string[] = [];
  const connections = stack.use(
    new ClusterConnections({
      loadKubeconfig: async () => ((kept.asked += 1), kept.kubeconfig),
      onInstallChanged: (_, installId) => changed.push(installId),
      onAnswersAgain: (clusterId) => answersAgain.push(clusterId),
      now: () => clock.now,
      ...options,
    }),
  );
  const { signal } = new AbortController();
  const version = (cluster: Cluster) => cluster.version(signal);
  const owned = stack.move();
  return {
    proxy,
    connections,
    kept,
    clock,
    changed,
    answersAgain,
    ask: (times = 1) =>
      Promise.all(Array.from({ length: times }, () => connections.use('clu_1', signal, version))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
