import type { Result } from './result.ts';
import { markdownTable } from './table.ts';

/** Another Kubernetes is another table: `sale` and `sale-real`. */
export const placeOf = ({ name, kubernetes }: Pick<Result, 'name' | 'kubernetes'>): string =>
  kubernetes === 'kubesim' ? name : `${name}-${kubernetes}`;

const begin = (name: string) => `<!-- bench:${name} -->`;
const end = (name: string) => `<!-- /bench:${name} -->`;

/** Puts the results into their places in docs/benchmarks.md; what is between no markers stays. */
export function rewritten(text: string, results: readonly Result[]): string {
  return results.reduce(replaceOne, text);
}

function replaceOne(text: string, result: Result): string {
  const place = placeOf(result);
  const from = text.indexOf(begin(place));
  const to = text.indexOf(end(place));
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no place for ${place}`);
  return `${text.slice(0, from)}${begin(place)}\n\n${sectionOf(result)}\n\n${text.slice(to)}`;
}

function sectionOf(result: Result): string {
  const { machine, date, quick, kubernetes } = result;
  const where = [
    `${date.slice(0, 16).replace('T', ' ')} UTC`,
    `${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}`,
    `load average before it ${machine.loadBefore.toFixed(1)}`,
    ...(kubernetes === 'kubesim' ? [] : [`Kubernetes: ${kubernetes}`]),
    ...(quick ? ['**few samples** (`--quick`)'] : []),
  ];
  const notes = result.notes.map((note) => `- ${note}`).join('\n');
  return [`${where.join(' · ')}`, markdownTable(result.figures), notes].filter(Boolean).join('\n\n');
}
