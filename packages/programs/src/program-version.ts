/** The first thing that looks like a version in what a program printed: `v2.12.4-RC.1` → `2.12.4`. */
export function versionIn(text: string): string | undefined {
  return /\bv?(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
}

/** Compares numbers only: `1.10` is at least `1.9`. */
export function isAtLeast(version: string, wanted: string): boolean {
  const have = version.split('.').map(Number);
  for (const [index, number] of wanted.split('.').map(Number).entries()) {
    const difference = (have[index] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
