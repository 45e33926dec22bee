/**
 * A text with what is generated in it as it was before, and everything else as it is now: a file of settings with a
 * password in the middle is not only the password.
 * @param again the same text rendered once more: where it differs, it is generated
 */
export function carriedText(now: string, again: string, before: string): string {
  const [lines, others] = [now.split('\n'), again.split('\n')];
  // A certificate or a key: nothing in it is anything else.
  if (lines.length !== others.length) return before;
  const former = before.split('\n');
  const taken = new Set<number>();
  const carried: string[] = [];
  for (const [index, line] of lines.entries()) {
    const span = spanOf(line, others[index] ?? '');
    if (!span) {
      carried.push(line);
      continue;
    }
    const { prefix, suffix } = span;
    if (prefix === '' && suffix === '') return before;
    const at = former.findIndex((one, position) => !taken.has(position) && one.startsWith(prefix));
    taken.add(at);
    const value = at < 0 ? undefined : valueIn(former[at] ?? '', prefix, suffix);
    // Two passwords may begin alike by chance: one is never given up for that.
    if (value === undefined && lines.length === 1) return before;
    carried.push(value === undefined ? line : prefix + value + suffix);
  }
  return carried.join('\n');
}

/** As {@link carriedText}, for a value of a Secret: base64 of text. */
export function carriedBase64(now: string, again: string, before: string): string {
  const texts = [now, again, before].map(decoded);
  const [first, second, third] = texts;
  if (first === undefined || second === undefined || third === undefined) return before;
  return Buffer.from(carriedText(first, second, third)).toString('base64');
}

function decoded(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) && bytes.toString('base64') === base64 ? text : undefined;
}

/** What two lines have in common at both ends, up to a character that no generated value has. */
function spanOf(a: string, b: string): { prefix: string; suffix: string } | undefined {
  if (a === b) return undefined;
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const prefix = a.slice(0, start).replace(/[A-Za-z0-9]+$/, '');
  const suffix = a.slice(a.length - end).replace(/^[A-Za-z0-9]+/, '');
  return { prefix, suffix };
}

function valueIn(line: string, prefix: string, suffix: string): string | undefined {
  const rest = line.slice(prefix.length);
  if (rest.endsWith(suffix)) return rest.slice(0, rest.length - suffix.length);
  const end = rest.indexOf(suffix.slice(0, 1));
  return end < 0 ? undefined : rest.slice(0, end);
}
