/** So many at a time on one cluster. Reconcilers come again; people, who cannot, may wait in a short line. */
export class Budget {
  readonly #places: number;
  readonly #lineLength: number;
  readonly #patienceMs: number;
  #busy = 0;
  /** Who waits, in the order they came: each is told whether it got a place. */
  readonly #line: ((place: boolean) => void)[] = [];

  constructor(options: { places: number; lineLength: number; patienceMs: number }) {
    this.#places = options.places;
    this.#lineLength = options.lineLength;
    this.#patienceMs = options.patienceMs;
  }

  /** A place at once, or none. */
  take(): boolean {
    // Those in the line are first.
    if (this.#busy >= this.#places || this.#line.length > 0) return false;
    this.#busy += 1;
    return true;
  }

  /** A place, when there is one before patience or the signal ends. */
  async wait(signal: AbortSignal): Promise<boolean> {
    if (this.take()) return true;
    if (signal.aborted || this.#line.length >= this.#lineLength) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const leave = () => {
      const place = this.#line.indexOf(resolve);
      if (place >= 0) this.#line.splice(place, 1);
      resolve(false);
    };
    const timer = setTimeout(leave, this.#patienceMs);
    signal.addEventListener('abort', leave, { once: true });
    this.#line.push(resolve);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    }
  }

  /** Gives a place back: to the next in the line. */
  leave(): void {
    const next = this.#line.shift();
    if (next) next(true);
    else this.#busy -= 1;
  }
}
