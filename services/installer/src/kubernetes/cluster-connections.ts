import { type Cluster, KubernetesError, connect, isKubernetesError, parseKubeconfig } from '@cnap/kubernetes';

import { ClusterUnavailable } from '../cluster/cluster-unavailable.ts';
import { Budget } from './budget.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { ClusterWatches } from './cluster-watches.ts';

export type ConnectionOptions = {
  /** Reads a cluster's kubeconfig when it is first needed, and again when it may be that which is wrong. */
  loadKubeconfig(clusterId: string, signal: AbortSignal): Promise<string>;
  /** Something of an install changed on a cluster: wake it. Also called for every install after a gap. */
  onInstallChanged(clusterId: string, installId: string): void;
  /** A watch cannot be kept up, or (undefined) is again. */
  onTrouble?(clusterId: string, error: Error | undefined): void;
  /** A cluster that was known to be down answers: what waits for it need not wait longer. */
  onAnswersAgain?(clusterId: string): void;
  callTimeoutMs?: number;
  /** Steps at a time per cluster: 16 unless told. */
  budget?: number;
  /** How long people's calls wait for a place: 3 s unless told. */
  patienceMs?: number;
  now?: () => number;
};

type Connection = {
  kubeconfig: Promise<string>;
  cluster: Promise<Cluster>;
  watches: ClusterWatches | undefined;
  ends: AbortController;
};
/** What stays of a cluster when its connection is made anew. */
type Limits = { breaker: CircuitBreaker; budget: Budget };

/** People wait for what they asked for; reconcilers come again. */
export type UseOptions = { forPeople?: boolean };

const restMs = 5_000;

/** One connection, one budget, one breaker and one set of watches per cluster, shared by all installs on it. */
export class ClusterConnections implements AsyncDisposable {
  readonly #options: ConnectionOptions;
  readonly #connections = new Map<string, Connection>();
  readonly #limits = new Map<string, Limits>();
  readonly #now: () => number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * Does one step on a cluster.
   * @throws ClusterUnavailable at once when the cluster is known to be down or has enough to do
   */
  async use<T>(
    clusterId: string,
    signal: AbortSignal,
    work: (cluster: Cluster) => Promise<T>,
    { forPeople = false }: UseOptions = {},
  ): Promise<T> {
    const { breaker, budget } = this.#limitsOf(clusterId);
    const refuseFor = (ms: number) => {
      if (ms > 0) throw new ClusterUnavailable(clusterId, 'the cluster does not answer', ms);
    };
    refuseFor(breaker.restLeftMs);
    if (!(forPeople ? await budget.wait(signal) : budget.take())) {
      signal.throwIfAborted();
      throw new ClusterUnavailable(clusterId, 'the cluster has enough to do', 100, undefined, true);
    }
    try {
      refuseFor(breaker.enter());
      // What does not answer may have moved: its kubeconfig says where to.
      const known = this.#connections.get(clusterId);
      if (known && breaker.open) await this.#renew(clusterId, known);
      const connection = this.#connections.get(clusterId) ?? this.#open(clusterId);
      try {
        const result = await work(await this.#connected(clusterId, connection));
        const wasDown = breaker.open;
        breaker.succeeded();
        this.#watch(clusterId, connection);
        if (wasDown) this.#options.onAnswersAgain?.(clusterId);
        return result;
      } catch (error) {
        if (signal.aborted) throw error;
        throw await this.#judge(clusterId, connection, breaker, error);
      }
    } finally {
      budget.leave();
    }
  }

  /** The watches of a cluster; opened with its connection, which is asked nothing before. */
  watches(clusterId: string): ClusterWatches {
    return this.#watch(clusterId, this.#connections.get(clusterId) ?? this.#open(clusterId));
  }

  /** Drops a connection and its watches, and what is known of its troubles; the next step opens a new one. */
  async forget(clusterId: string): Promise<void> {
    this.#limits.get(clusterId)?.breaker.succeeded();
    await this.#drop(clusterId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#connections.keys()].map((clusterId) => this.#drop(clusterId)));
  }

  async #drop(clusterId: string): Promise<void> {
    const connection = this.#connections.get(clusterId);
    if (!connection) return;
    this.#connections.delete(clusterId);
    connection.ends.abort();
    await connection.watches?.ended();
    const cluster = await connection.cluster.catch(() => undefined);
    await cluster?.[Symbol.asyncDispose]();
  }

  #limitsOf(clusterId: string): Limits {
    const known = this.#limits.get(clusterId);
    if (known) return known;
    const { budget: places = 16, patienceMs = 3_000 } = this.#options;
    const made = {
      breaker: new CircuitBreaker({ threshold: 3, restMs, now: this.#now }),
      budget: new Budget({ places, lineLength: 4 * places, patienceMs }),
    };
    this.#limits.set(clusterId, made);
    return made;
  }

  #open(clusterId: string): Connection {
    const ends = new AbortController();
    const kubeconfig = this.#options.loadKubeconfig(clusterId, ends.signal);
    const cluster = kubeconfig.then((text) =>
      connect(parseKubeconfig(text), { callTimeoutMs: this.#options.callTimeoutMs ?? 10_000 }),
    );
    const connection: Connection = { kubeconfig, cluster, watches: undefined, ends };
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

  /**
   * Reads the kubeconfig again: it may have been replaced, and another process was told of it.
   * @returns whether it is another one; the next step opens a connection with it
   */
  async #renew(clusterId: string, connection: Connection): Promise<boolean> {
    const isCurrent = () => this.#connections.get(clusterId) === connection;
    if (!isCurrent()) return true;
    const before = await connection.kubeconfig.catch(() => undefined);
    // Where whoever keeps it is away, it is as good as before.
    const now = await this.#options.loadKubeconfig(clusterId, connection.ends.signal).catch(() => before);
    if (now === before && isCurrent()) return false;
    if (isCurrent()) await this.#drop(clusterId);
    return true;
  }

  async #judge(
    clusterId: string,
    connection: Connection,
    breaker: CircuitBreaker,
    error: unknown,
  ): Promise<unknown> {
    if (isKubernetesError(error, 'Unauthorized', 'Untrusted')) {
      const why = error.reason === 'Untrusted' ? error.message : 'the cluster refuses the credentials';
      if (await this.#renew(clusterId, connection)) return new ClusterUnavailable(clusterId, why, 0, error);
      breaker.failed(restMs);
      return new ClusterUnavailable(clusterId, why, restMs, error);
    }
    if (error instanceof KubernetesError && error.unavailable) {
      // Any answer of its own, even a bad one, shows that the cluster is there.
      if (error.code === 0 || error.retryAfterMs !== undefined) breaker.failed(error.retryAfterMs);
      return new ClusterUnavailable(clusterId, error.message, error.retryAfterMs ?? 1_000, error);
    }
    breaker.succeeded();
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
