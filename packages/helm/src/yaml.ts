import {
  FAILSAFE_SCHEMA,
  NOT_RESOLVED,
  Schema,
  YAMLException,
  boolYaml11Tag,
  defineScalarTag,
  loadAll,
  mergeTag,
  nullYaml11Tag,
} from 'js-yaml';

// https://github.com/kubernetes-sigs/yaml reads YAML 1.1 as Go's yaml.v2 does: without sexagesimal numbers (`22:22`
// stays text), timestamps (`2001-01-01` stays text), sets and ordered maps; with `0o17`; binary becomes text.
// js-yaml rather than yaml: four to six times faster on CRDs (docs/adr/0001).
const integer = /^[-+]?(?:0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|0|[1-9][0-9]*)$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** Tags are for reading only here. */
const identify = () => false;

const integerTag = defineScalarTag('tag:yaml.org,2002:int', {
  identify,
  implicit: true,
  implicitFirstChars: [...'+-0123456789'],
  resolve(source) {
    const digits = source.replaceAll('_', '');
    if (!integer.test(digits)) return NOT_RESOLVED;
    const sign = digits.startsWith('-') ? -1 : 1;
    const plain = digits.replace(/^[-+]/, '').toLowerCase();
    return sign * Number(/^0[0-7]/.test(plain) ? `0o${plain.slice(1)}` : plain);
  },
});
const floatTag = defineScalarTag('tag:yaml.org,2002:float', {
  identify,
  implicit: true,
  implicitFirstChars: [...'+-.0123456789'],
  resolve(source) {
    const digits = source.replaceAll('_', '');
    return float.test(digits) ? Number(digits) : NOT_RESOLVED;
  },
});
const binaryTag = defineScalarTag('tag:yaml.org,2002:binary', {
  identify,
  resolve: (source) => Buffer.from(source, 'base64').toString('utf8'),
});
const schema = new Schema([
  ...FAILSAFE_SCHEMA.tags,
  nullYaml11Tag,
  boolYaml11Tag,
  integerTag,
  floatTag,
  mergeTag,
  binaryTag,
]);

/** An alias can stand for a tree that holds aliases: more values than this, written out, are a bomb. */
const maxValues = 500_000;

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
  let values: unknown[];
  try {
    values = loadAll(text, { schema, json: true, maxAliases: 1_000 }); // json: of doubled keys the last one wins
  } catch (error) {
    if (!(error instanceof YAMLException)) throw new YamlProblem('it cannot be read', undefined);
    throw new YamlProblem(error.reason, error.mark ? error.mark.line + 1 : undefined);
  }
  const found = values.filter((value) => value !== null && value !== undefined);
  return /(^|[\s[{,])\*\S/m.test(text) ? writtenOut(found) : found;
}

/** Aliases make one object appear in several places; a change in one of them must not change the others. */
function writtenOut(values: unknown[]): unknown[] {
  let count = 0;
  const copy = (value: unknown): unknown => {
    count += 1;
    if (count > maxValues) throw new YamlProblem('its aliases stand for too much', undefined);
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
  };
  return values.map(copy);
}
