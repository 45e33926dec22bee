/** What a figure counts in. */
export type Unit = 'ms' | 's' | 'MB' | '/s' | 'µs' | '';

/** How good it has to be; `times` is about the ratio. */
export type Goal = { most: number } | { least: number } | { mostTimes: number };

/** One thing that was measured, beside something else measured in the same run. */
export type Figure = {
  what: string;
  value: number;
  unit: Unit;
  beside?: { what: string; value: number };
  goal?: Goal;
};

/** Where it was measured. */
export type Machine = { cores: number; memoryGiB: number; node: string; loadBefore: number };

/** What a benchmark found. */
export type Measured = { figures: Figure[]; notes?: string[] };

/** As it is kept in results/<name>.json. */
export type Result = {
  name: string;
  /** ISO 8601, UTC. */
  date: string;
  machine: Machine;
  quick: boolean;
  kubernetes: string;
  seconds: number;
  figures: Figure[];
  notes: string[];
};

/** How often the other thing fits into it; undefined where there is none. */
export function ratioOf({ value, beside }: Figure): number | undefined {
  return beside && beside.value > 0 ? value / beside.value : undefined;
}

/** Whether the goal is reached; undefined where there is none. */
export function isReached(figure: Figure): boolean | undefined {
  const { goal, value } = figure;
  if (goal === undefined) return undefined;
  if ('most' in goal) return value <= goal.most;
  if ('least' in goal) return value >= goal.least;
  return (ratioOf(figure) ?? Number.NaN) <= goal.mostTimes;
}
