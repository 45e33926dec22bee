/**
 * The range of Kubernetes versions that all of several ranges admit, in the spelling of Helm and npm; empty for any.
 * `||` binds weaker than a space, so alternatives are multiplied out.
 */
export function allRanges(ranges: string[]): string {
  const distinct = [...new Set(ranges.map((range) => range.replaceAll(/\s*,\s*/g, ' ').trim()))];
  let alternatives: string[] = [];
  for (const range of distinct.filter((one) => one !== '' && one !== '*')) {
    const own = range.split('||').map((one) => one.trim());
    alternatives =
      alternatives.length === 0 ? own : alternatives.flatMap((one) => own.map((other) => `${one} ${other}`));
    if (alternatives.length > maxAlternatives) return range;
  }
  return [...new Set(alternatives)].join(' || ');
}

const maxAlternatives = 50;
