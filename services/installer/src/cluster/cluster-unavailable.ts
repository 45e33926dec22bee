import { isKubernetesError } from '@cnap/kubernetes';

/** A cluster cannot be asked now. Nothing is known about the request; ask again after `retryAfterMs`. */
export class ClusterUnavailable extends Error {
  override readonly name = 'ClusterUnavailable';
  readonly clusterId: string;
  readonly retryAfterMs: number;
  /** It answers, but not to more at a time. */
  readonly busy: boolean;

  constructor(clusterId: string, why: string, retryAfterMs: number, cause?: unknown, busy = false) {
    super(why, { cause });
    this.busy = busy;
    this.clusterId = clusterId;
    this.retryAfterMs = Math.max(50, Math.round(retryAfterMs));
  }

  /** A webhook that judges what is changed on the cluster, and does not answer; the cluster itself does. */
  get webhook(): string | undefined {
    const message = isKubernetesError(this.cause) ? this.cause.message : '';
    return /failed calling webhook "([^"]+)"/.exec(message)?.[1];
  }
}
