/** Runs work in order per key, and at most so much at once. */
export type Lanes = {
  /** Resolves when the work has been taken on, which is when there is room for more. */
  run(key: string, work: () => Promise<void>): Promise<void>;
  finished(): Promise<void>;
};

/** `work` must not throw. As many pieces of work may wait for the one before them as may run. */
export function createLanes(parallel: number): Lanes {
  const tails = new Map<string, Promise<void>>();
  const waiting: (() => void)[] = [];
  let taken = 0;

  return {
    async run(key, work) {
      // Whoever finishes hands its place on, so nobody can take it in between.
      if (taken < parallel) taken += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      const tail = (tails.get(key) ?? Promise.resolve()).then(work).finally(() => {
        if (tails.get(key) === tail) tails.delete(key);
        const next = waiting.shift();
        if (next === undefined) taken -= 1;
        else next();
      });
      tails.set(key, tail);
    },
    async finished() {
      await Promise.allSettled(tails.values());
    },
  };
}
