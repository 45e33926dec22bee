// Patterns of strangers, matched in time that is the product of the two lengths at most.

type Token = '*' | ((character: string) => boolean);

/** As Go's path/filepath.Match: `*`, `?` and `[classes]` stay within one part of a path. */
export function compileGlob(pattern: string): (path: string) => boolean {
  const wanted = pattern.split('/').map(tokensOf);
  return (path) => {
    const parts = path.split('/');
    return (
      parts.length === wanted.length && parts.every((part, at) => matchesPart(wanted[at] ?? [], [...part]))
    );
  };
}

function tokensOf(part: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < part.length; at += 1) {
    const character = part[at] ?? '';
    const close = character === '[' ? part.indexOf(']', at + 2) : -1;
    if (character === '*') tokens.push('*');
    else if (character === '?') tokens.push(() => true);
    else if (close > 0) {
      tokens.push(classOf(part.slice(at + 1, close)));
      at = close;
    } else {
      const literal = character === '\\' ? (part[(at += 1)] ?? '\\') : character;
      tokens.push((one) => one === literal);
    }
  }
  return tokens;
}

function classOf(text: string): (character: string) => boolean {
  const negated = text.startsWith('^');
  const body = negated ? text.slice(1) : text;
  const ranges = [...body.matchAll(/(.)-(.)|(.)/gsu)].map(([, from, to, one = '']) => [
    from ?? one,
    to ?? one,
  ]);
  return (character) =>
    ranges.some(([from = '', to = '']) => from <= character && character <= to) !== negated;
}

/** Goes back to the last star only: what an earlier one could have taken, the last one can take as well. */
function matchesPart(tokens: Token[], text: string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const current = tokens[token];
    if (current === '*') {
      star = token;
      starAt = at;
      token += 1;
    } else if (current?.(text[at] ?? '') === true) {
      token += 1;
      at += 1;
    } else if (star >= 0) {
      token = star + 1;
      starAt += 1;
      at = starAt;
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest === '*');
}
