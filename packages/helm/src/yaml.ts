import { parseAllDocuments, type Tags } from 'yaml';

// https://github.com/kubernetes-sigs/yaml reads YAML 1.1 as Go's yaml.v2 does: without sexagesimal numbers (`22:22`
// stays text), timestamps (`2001-01-01` stays text), sets and ordered maps; with `0o17`; binary becomes text.
const leftOut = /:(timestamp|set|omap|pairs|binary)$/;
const added: Tags = [
  {
    identify: () => false,
    default: true,
    tag: 'tag:yaml.org,2002:int',
    test: /^[-+]?0o[0-7_]+$/,
    resolve: (text: string) => Number(text.replace(/[-+_]/g, '')) * (text.startsWith('-') ? -1 : 1),
  },
  {
    tag: 'tag:yaml.org,2002:binary',
    resolve: (text: string) => Buffer.from(text, 'base64').toString('utf8'),
  },
];
const asInGo = (tags: Tags): Tags => [
  ...tags.filter((tag) => {
    if (typeof tag === 'string') return true;
    const format = 'format' in tag ? tag.format : undefined;
    return format !== 'TIME' && !leftOut.test(tag.tag);
  }),
  ...added,
];

const options = {
  version: '1.1',
  uniqueKeys: false, // the last one wins, as for Kubernetes
  logLevel: 'error',
  customTags: asInGo,
} as const;

/** Text that is not YAML; `line` counts from 1 in the text that was given. */
export class YamlProblem extends Error {
  override readonly name = 'YamlProblem';
  readonly line: number | undefined;

  constructor(problem: string, line: number | undefined) {
    super(problem);
    this.line = line;
  }
}

/**
 * All documents of a text as Kubernetes and Helm read them: YAML 1.1, where `0755` is octal and `yes` is true.
 * Empty documents are left out.
 * @throws YamlProblem
 */
export function readYaml(text: string): unknown[] {
  const values: unknown[] = [];
  for (const document of parseAllDocuments(text, options)) {
    if (!('errors' in document)) continue;
    const problem = document.errors[0];
    if (problem) throw new YamlProblem(firstLine(problem.message), problem.linePos?.[0].line);
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 100 }) as unknown; // a bomb of aliases throws
    } catch (error) {
      throw new YamlProblem(error instanceof Error ? error.message : 'too many aliases', undefined);
    }
    if (value !== null && value !== undefined) values.push(value);
  }
  return values;
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}
