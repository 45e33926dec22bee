/** How often something was done, and the milliseconds until its answers, added up. */
export type Counted = { count: number; ms: number };

/** What the probe in the installer's process has counted since its start, by what it is. */
export type Figures = { counted: Record<string, Counted> };

/** What came on top between two looks. */
export function since(before: Figures, now: Figures): Figures {
  const counted = Object.fromEntries(
    Object.entries(now.counted).map(([what, { count, ms }]) => {
      const was = before.counted[what] ?? { count: 0, ms: 0 };
      return [what, { count: count - was.count, ms: ms - was.ms }];
    }),
  );
  return { counted };
}
