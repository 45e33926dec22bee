const day = 86_400_000;
/** A key signs for so long; then a new one takes over. */
export const signsForMs = 30 * day;
/** A key is published so much longer than it signs: tokens live a minute, caches of keys a few. */
const publishedForMs = signsForMs + day;
/** A key is published for so long before it signs: longer than any process keeps the set it has read. */
export const knownAfterMs = 120_000;

type Key = { id: string; created_at: Date };

/** What rotation has to do now; keys come newest first. */
export function rotation(keys: readonly Key[], now: Date): { make: boolean; drop: string[] } {
  const age = (key: Key) => now.getTime() - key.created_at.getTime();
  const newest = keys[0];
  return {
    make: !newest || age(newest) >= signsForMs,
    drop: keys
      .slice(1)
      .filter((key) => age(key) >= publishedForMs)
      .map((key) => key.id),
  };
}

/** The key to sign with: the newest that everybody knows by now, else the oldest. Keys come newest first. */
export const signingKey = <K extends Key>(keys: readonly K[], now: Date): K | undefined =>
  keys.find((key) => now.getTime() - key.created_at.getTime() >= knownAfterMs) ?? keys.at(-1);
