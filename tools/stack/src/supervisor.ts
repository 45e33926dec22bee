import { setTimeout as pause } from 'node:timers/promises';
import { dim, say, yellow } from './console.ts';

/** Something that runs until it ends or is disposed of. */
export type Running = AsyncDisposable & { readonly ended: Promise<string>; readonly pid?: number };

/** Told of the process ids of everything that runs, whenever they change. */
export type OnPids = (pids: Record<string, number>) => Promise<void>;

const pausesMs = [100, 500, 1_000, 2_000, 5_000];
const steadyMs = 30_000;

/** Starts things, starts them again when they end by themselves, and ends them in reverse order. */
export class Supervisor implements AsyncDisposable {
  readonly #parts: { name: string; current: Running | undefined }[] = [];
  readonly #stop = new AbortController();
  readonly #onPids: OnPids;
  #told: Promise<void> = Promise.resolve();

  constructor(onPids: OnPids = () => Promise.resolve()) {
    this.#onPids = onPids;
  }

  /** One after the other, so that the last word is the newest. */
  #tellPids(): Promise<void> {
    const pids = Object.fromEntries(
      this.#parts.flatMap(({ name, current }) => (current?.pid === undefined ? [] : [[name, current.pid]])),
    );
    this.#told = this.#told.then(() => this.#onPids(pids)).catch(() => undefined); // only a help to whoever looks
    return this.#told;
  }

  /** Starts a part; the first start may fail, later ones are tried until they succeed. */
  async start<T extends Running>(name: string, begin: () => Promise<T>): Promise<T> {
    const first = await begin();
    const part: { name: string; current: Running | undefined } = { name, current: first };
    this.#parts.push(part);
    await this.#tellPids();
    void this.#keep(part, begin);
    return first;
  }

  async #keep(
    part: { name: string; current: Running | undefined },
    begin: () => Promise<Running>,
  ): Promise<void> {
    let failures = 0;
    let startedAt = performance.now();
    while (!this.#stop.signal.aborted) {
      const how = (await part.current?.ended) ?? 'did not start';
      if (this.#stop.signal.aborted) return;
      failures = performance.now() - startedAt > steadyMs ? 0 : failures + 1;
      say(`${yellow('!')} ${part.name} ${how}; starting it again`);
      await pause(pausesMs[Math.min(failures, pausesMs.length - 1)]);
      if (this.#stop.signal.aborted) return;
      startedAt = performance.now();
      part.current = await begin().catch((error: unknown) => {
        say(`  ${dim(error instanceof Error ? error.message : String(error))}`);
        return undefined;
      });
      if (part.current && this.#stop.signal.aborted) await part.current[Symbol.asyncDispose]();
      else if (part.current) {
        await this.#tellPids();
        say(`${yellow('!')} ${part.name} is up again`);
      }
    }
  }

  /** Ends services at once beside each other, then what they stand on, the last started first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    const groups = new Map<boolean, Running[]>();
    for (const { name, current } of this.#parts.toReversed()) {
      const isGround = name === 'Postgres' || name === 'NATS';
      if (current) groups.set(isGround, [...(groups.get(isGround) ?? []), current]);
    }
    for (const ground of [false, true]) {
      await Promise.all((groups.get(ground) ?? []).map((running) => running[Symbol.asyncDispose]()));
    }
  }
}
