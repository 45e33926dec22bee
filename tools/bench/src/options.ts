import { parseArgs } from 'node:util';

export type Options = {
  names: string[];
  quick: boolean;
  json: boolean;
  list: boolean;
  write: boolean;
  kubernetes: string;
};

/** A mistake of the person who started it. */
export class Mistake extends Error {}

export const usage = `npm run bench -- <name>… | all [options]
  --quick                few samples: each measures for at most 15 s in place of 60
  --kubernetes <what>    for sale and storm: kubesim (default), or real (KUBEBUILDER_ASSETS)
  --json                 one JSON array in place of tables
  --write                puts the results, and those kept of other benchmarks, into docs/benchmarks.md
  --list                 what there is`;

export function readOptions(args: string[], known: readonly string[]): Options {
  const { values, positionals } = parsed(args);
  const names = positionals.includes('all') ? [...known] : positionals;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Mistake(`there is no benchmark ${unknown}: ${known.join(', ')}`);
  if (names.length === 0 && !values.list) throw new Mistake(`${usage}\nBenchmarks: ${known.join(', ')}`);
  if (values.kubernetes !== 'kubesim' && values.kubernetes !== 'real')
    throw new Mistake(`--kubernetes is kubesim or real, not ${values.kubernetes}`);
  return { ...values, names };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        kubernetes: { type: 'string', default: 'kubesim' },
      },
    });
  } catch (error) {
    throw new Mistake(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}
