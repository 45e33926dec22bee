import { unpackChart, type UnpackedChart } from './unpacked-chart.ts';

type Kept = { unpacking: Promise<UnpackedChart>; bytes: number; since: number; users: number };

const maxCharts = 32;
const maxBytes = 64 * 1024 * 1024;
/** Machines tidy their temporary folders, and what has lost some files must not be rendered. */
const maxAgeMs = 3_600_000;

/**
 * Keeps charts unpacked that are rendered again and again: the same bytes, by identity, are unpacked once an hour.
 * What is in use stays; of the rest those used last, within 32 charts and 64 MiB.
 */
export class ChartFolders implements AsyncDisposable {
  /** The ones used last come last. */
  readonly #kept = new Map<Uint8Array, Kept>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @throws DomainError those of `readChart` */
  async use<T>(chart: Uint8Array, work: (unpacked: UnpackedChart) => Promise<T>): Promise<T> {
    const found = this.#kept.get(chart);
    const isFresh = found !== undefined && this.#now() - found.since < maxAgeMs;
    const kept = isFresh ? found : { unpacking: unpackChart(chart), bytes: 0, since: this.#now(), users: 0 };
    this.#kept.delete(chart);
    this.#kept.set(chart, kept);
    kept.users += 1;
    if (found && !isFresh && found.users === 0) await remove(found);
    try {
      const unpacked = await kept.unpacking;
      kept.bytes = unpacked.bytes;
      return await work(unpacked);
    } catch (error) {
      // What could not be unpacked is tried anew.
      if (kept.bytes === 0 && this.#kept.get(chart) === kept) this.#kept.delete(chart);
      throw error;
    } finally {
      kept.users -= 1;
      if (kept.users === 0 && this.#kept.get(chart) !== kept) await remove(kept);
      await this.#makeRoom();
    }
  }

  /** Removes every folder; call it when nobody uses one any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(all.map(remove));
  }

  async #makeRoom(): Promise<void> {
    const over: Kept[] = [];
    let count = 0;
    let total = 0;
    for (const [chart, kept] of [...this.#kept].toReversed()) {
      count += 1;
      total += kept.bytes;
      if (kept.users > 0 || (count <= maxCharts && total <= maxBytes)) continue;
      this.#kept.delete(chart);
      over.push(kept);
    }
    await Promise.all(over.map(remove));
  }
}

async function remove({ unpacking }: Kept): Promise<void> {
  const unpacked = await unpacking.catch(() => undefined);
  await unpacked?.[Symbol.asyncDispose]();
}
