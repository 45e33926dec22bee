const day = 86_400_000;
/** A key signs for so long; then a new one takes over. */
export const signsForMs = 30 * day;
/** A key is published so much longer than it signs: tokens live a minute, caches of keys a few. */
const publishedForMs = signsForMs + day;

type Key = { id: string; created_at: Date };

/** What rotation has to do now; keys come newest first. */
export function rotation(keys: readonly Key[], now: number): { make: boolean; drop: string[] } {
  const age = (key: Key) => now - key.created_at.getTime();
  const newest = keys[0];
  return {
    make: !newest || age(newest) >= signsForMs,
    drop: keys
      .slice(1)
      .filter((key) => age(key) >= publishedForMs)
      .map((key) => key.id),
  };
}
