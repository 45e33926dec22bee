import { maskAt } from './masking.ts';

const charactersAtMost = 2_000;
/** What is shown before the first difference of two long texts. */
const before = 200;

/** Two values of a field as people may see them: secrets masked; long ones from a little before they differ. */
export function shownPair(
  kind: string,
  path: string,
  pair: { before?: unknown; after?: unknown },
  words: readonly string[],
): { before?: string; after?: string } {
  const texts = [pair.before, pair.after].map((value) =>
    value === undefined ? undefined : textOf(maskAt(kind, path, value, words)),
  );
  const [left, right] = texts;
  const from =
    left === undefined || right === undefined ? 0 : Math.max(0, firstDifference(left, right) - before);
  return {
    ...(left === undefined ? {} : { before: cut(left, from) }),
    ...(right === undefined ? {} : { after: cut(right, from) }),
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function cut(text: string, from: number): string {
  if (text.length <= charactersAtMost) return text;
  const rest = text.slice(from, from + charactersAtMost);
  return `${from > 0 ? '…' : ''}${rest}${from + charactersAtMost < text.length ? '…' : ''}`;
}

function firstDifference(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at += 1) if (a[at] !== b[at]) return at;
  return shorter;
}
