/** Numbers that are the same for the same seed. */
export type Random = {
  /** 0 ≤ n < limit. */
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
  /** True once in `n` times. */
  oneIn(n: number): boolean;
};

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    pick: (from) => {
      const index = below(from.length);
      return from[index] as (typeof from)[number]; // the index is within
    },
    oneIn: (n) => below(n) === 0,
  };
}

/** A seed of its own for each method, so that one can be repeated alone. */
export function seedOf(seed: number, name: string): number {
  let hash = seed ^ 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
