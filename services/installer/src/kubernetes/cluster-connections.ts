import { type Cluster, KubernetesError, connect, isKubernetesError, parseKubeconfig } from '@cnap/kubernetes';

import { ClusterUnavailable } from '../cluster/cluster-unavailable.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { ClusterWatches } from './cluster-watches.ts';

export type ConnectionOptions = {
  /** Reads a cluster's kubeconfig when it is first needed, and again after 401. */
  loadKubeconfig(clusterId: string, signal: AbortSignal): Promise<string>;
  /** Something of an install changed on a cluster: wake it. Also called for every install after a gap. */
  onInstallChanged(clusterId: string, installId: string): void;
  /** A watch cannot be kept up, or (undefined) is again. */
  onTrouble?(clusterId: string, error: Error | undefined): void;
  /** A cluster that was known to be down answers: what waits for it need not wait longer. */
  onAnswersAgain?(clusterId: string): void;
  callTimeoutMs?: number;
  /** Steps at a time per cluster. */
  budget?: number;
  now?: () => number;
};

type Connection = {
  cluster: Promise<Cluster>;
  breaker: CircuitBreaker;
  busy: number;
  watches: ClusterWatches | undefined;
  ends: AbortController;
};

/** One connection, one budget, one breaker and one set of watches per cluster, shared by all installs on it. */
export class ClusterConnections implements AsyncDisposable {
  readonly #options: ConnectionOptions;
  readonly #connections = new Map<string, Connection>();
  readonly #now: () => number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * Does one step on a cluster.
   * @throws ClusterUnavailable at once when the cluster is known to be down or has enough to do
   */
  async use<T>(clusterId: string, signal: AbortSignal, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const connection = this.#connections.get(clusterId) ?? this.#open(clusterId);
    const wait = connection.breaker.enter();
    if (wait > 0) throw new ClusterUnavailable(clusterId, 'the cluster does not answer', wait);
    if (connection.busy >= (this.#options.budget ?? 16)) {
      throw new ClusterUnavailable(clusterId, 'the cluster has enough to do', 100, undefined, true);
    }
    connection.busy += 1;
    try {
      const result = await work(await this.#connected(clusterId, connection));
      const wasDown = connection.breaker.open;
      connection.breaker.succeeded();
      this.#watch(clusterId, connection);
      if (wasDown) this.#options.onAnswersAgain?.(clusterId);
      return result;
    } catch (error) {
      if (signal.aborted) throw error;
      throw await this.#judge(clusterId, connection, error);
    } finally {
      connection.busy -= 1;
    }
  }

  /** The watches of a cluster; opened with its connection, which is asked nothing before. */
  watches(clusterId: string): ClusterWatches {
    return this.#watch(clusterId, this.#connections.get(clusterId) ?? this.#open(clusterId));
  }

  /** Drops a connection and its watches; the next step opens a new one. */
  async forget(clusterId: string): Promise<void> {
    const connection = this.#connections.get(clusterId);
    if (!connection) return;
    this.#connections.delete(clusterId);
    connection.ends.abort();
    await connection.watches?.ended();
    const cluster = await connection.cluster.catch(() => undefined);
    await cluster?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#connections.keys()].map((clusterId) => this.forget(clusterId)));
  }

  #open(clusterId: string): Connection {
    const ends = new AbortController();
    const cluster = this.#options
      .loadKubeconfig(clusterId, ends.signal)
      .then((text) =>
        connect(parseKubeconfig(text), { callTimeoutMs: this.#options.callTimeoutMs ?? 10_000 }),
      );
    const breaker = new CircuitBreaker({ threshold: 3, restMs: 5_000, now: this.#now });
    const connection: Connection = { cluster, breaker, busy: 0, watches: undefined, ends };
    this.#connections.set(clusterId, connection);
    // Whoever uses it sees the failure; the next one tries anew.
    cluster.catch(() => {
      ends.abort();
      if (this.#connections.get(clusterId) === connection) this.#connections.delete(clusterId);
    });
    return connection;
  }

  async #connected(clusterId: string, connection: Connection): Promise<Cluster> {
    try {
      return await connection.cluster;
    } catch (error) {
      throw new ClusterUnavailable(clusterId, 'the credentials of the cluster cannot be read', 1_000, error);
    }
  }

  async #judge(clusterId: string, connection: Connection, error: unknown): Promise<unknown> {
    if (isKubernetesError(error, 'Unauthorized')) {
      // The credentials may have been renewed; the next step reads them again.
      if (this.#connections.get(clusterId) === connection) await this.forget(clusterId);
      return new ClusterUnavailable(clusterId, 'the cluster refuses the credentials', 5_000, error);
    }
    if (error instanceof KubernetesError && error.unavailable) {
      // Any answer of its own, even a bad one, shows that the cluster is there.
      if (error.code === 0 || error.retryAfterMs !== undefined) connection.breaker.failed(error.retryAfterMs);
      return new ClusterUnavailable(clusterId, error.message, error.retryAfterMs ?? 1_000, error);
    }
    connection.breaker.succeeded();
    return error;
  }

  #watch(clusterId: string, connection: Connection): ClusterWatches {
    connection.watches ??= new ClusterWatches({
      cluster: () => connection.cluster,
      signal: connection.ends.signal,
      onInstallChanged: (installId) => this.#options.onInstallChanged(clusterId, installId),
      onTrouble: (error) => this.#options.onTrouble?.(clusterId, error),
    });
    return connection.watches;
  }
}
