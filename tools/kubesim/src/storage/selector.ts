import type { Kind } from '../kinds/kind.ts';
import { badRequest } from '../objects/status-error.ts';
import type { Entry } from './store.ts';
import { parse } from './store.ts';

type Labels = Readonly<Record<string, string>>;

/** Whether labels satisfy a selector; the text is parsed once. */
export function labelMatcher(selector: string): (labels: Labels | undefined) => boolean {
  const parts = selector.match(/[^,(]+(\([^)]*\))?/g) ?? [];
  const tests = parts.map((part) => requirement(part.trim())).filter((test) => test !== undefined);
  return (labels = {}) => tests.every((test) => test(labels));
}

function requirement(part: string): ((labels: Labels) => boolean) | undefined {
  if (!part) return undefined;
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => values.includes(labels[key] ?? '\0') === (operator === 'in');
  }
  const equal = /^([^=!\s]+)\s*(==|!=|=)\s*(.*)$/.exec(part);
  if (equal) {
    const [, key = '', operator, value = ''] = equal;
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  if (part.startsWith('!')) return (labels) => labels[part.slice(1).trim()] === undefined;
  if (!/^[\w./-]+$/.test(part)) throw badRequest(`unable to parse requirement: found '${part}'`);
  return (labels) => labels[part] !== undefined;
}

/** A `metav1.LabelSelector`; an empty one matches everything. */
export function selectorMatches(
  selector:
    | { matchLabels?: Labels; matchExpressions?: { key: string; operator: string; values?: string[] }[] }
    | undefined,
  labels: Labels = {},
): boolean {
  if (!selector) return false;
  if (Object.entries(selector.matchLabels ?? {}).some(([key, value]) => labels[key] !== value)) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    return operator === 'In'
      ? value !== undefined && values.includes(value)
      : value === undefined || !values.includes(value);
  });
}

/** Whether an entry satisfies a field selector; only selectors on more than the name parse the object. */
export function fieldMatcher(selector: string, kind: Kind): (entry: Entry) => boolean {
  const tests = selector
    .split(',')
    .filter(Boolean)
    .map((part) => {
      const [, field = '', operator, value = ''] = /^([^=!]+)(==|!=|=)(.*)$/.exec(part) ?? [];
      if (!field) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
      return { field, value, equal: operator !== '!=' };
    });
  const deep = tests.some(({ field }) => field !== 'metadata.name' && field !== 'metadata.namespace');
  return (entry) => {
    const fields: Record<string, string> = {
      'metadata.name': entry.name,
      'metadata.namespace': entry.namespace,
      ...(deep ? kind.selectable?.(parse(entry)) : {}),
    };
    return tests.every(({ field, value, equal }) => {
      const found = fields[field];
      if (found === undefined) throw badRequest(`field label not supported: ${field}`);
      return (found === value) === equal;
    });
  };
}
