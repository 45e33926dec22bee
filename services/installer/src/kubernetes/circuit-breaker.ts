/** Calls fail fast while a cluster is down: after `threshold` failures in a row, until `restMs` later one may try. */
export class CircuitBreaker {
  readonly #threshold: number;
  readonly #restMs: number;
  readonly #now: () => number;
  #failures = 0;
  #closedUntil = 0;

  constructor(options: { threshold: number; restMs: number; now: () => number }) {
    this.#threshold = options.threshold;
    this.#restMs = options.restMs;
    this.#now = options.now;
  }

  /** How long a call would have to stay away. */
  get restLeftMs(): number {
    return this.open ? Math.max(0, this.#closedUntil - this.#now()) : 0;
  }

  /** How long a call has to stay away; 0 when it may go. Who goes after the rest is alone until it has ended. */
  enter(): number {
    const wait = this.restLeftMs;
    if (wait > 0 || !this.open) return wait;
    this.#closedUntil = this.#now() + this.#restMs;
    return 0;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** @param restMs how long the cluster asks to be left alone, when it says so */
  failed(restMs?: number): void {
    this.#failures += 1;
    if (restMs !== undefined) this.#failures = Math.max(this.#failures, this.#threshold);
    this.#closedUntil = this.#now() + (restMs ?? this.#restMs);
  }

  get open(): boolean {
    return this.#failures >= this.#threshold;
  }
}
