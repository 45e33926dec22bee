import type { KubeObject } from '@cnap/kubernetes';

/** A field's name, a position in a list, or an entry of a list that is known by its `name`. */
export type PathStep = string | { index: number } | { name: string };
export type Difference = { path: PathStep[]; found?: unknown; wanted?: unknown };

/** What the API server keeps about an object, and what controllers say of it. */
const kept = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
]);

/** Field by field, what would have to change for the first object to become the second. */
export function diffObjects(found: KubeObject, wanted: KubeObject): Difference[] {
  return diff([], content(found), content(wanted));
}

function content({ metadata, ...rest }: KubeObject): unknown {
  const said = Object.entries(metadata).filter(([name]) => !kept.has(name));
  const fields: Fields = { ...rest, metadata: Object.fromEntries(said) };
  delete fields['status'];
  return fields;
}

type Fields = Record<string, unknown>;

function diff(path: PathStep[], found: unknown, wanted: unknown): Difference[] {
  if (isFields(found) && isFields(wanted)) {
    const names = [...new Set([...Object.keys(found), ...Object.keys(wanted)])].toSorted();
    return names.flatMap((name) => diff([...path, name], found[name], wanted[name]));
  }
  if (Array.isArray(found) && Array.isArray(wanted)) {
    const [before, after] = [byName(found), byName(wanted)];
    if (before && after) {
      const names = [...new Set([...before.keys(), ...after.keys()])];
      return names.flatMap((name) => diff([...path, { name }], before.get(name), after.get(name)));
    }
    if (found.length === wanted.length) {
      return found.flatMap((item, index) => diff([...path, { index }], item, wanted[index]));
    }
  }
  if (found === wanted || JSON.stringify(found) === JSON.stringify(wanted)) return [];
  return [{ path, ...(found === undefined ? {} : { found }), ...(wanted === undefined ? {} : { wanted }) }];
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function byName(items: readonly unknown[]): Map<string, unknown> | undefined {
  const named = new Map<string, unknown>();
  for (const item of items) {
    const name = isFields(item) ? item['name'] : undefined;
    if (typeof name !== 'string') return undefined;
    named.set(name, item);
  }
  return items.length > 0 && named.size === items.length ? named : undefined;
}

/** `.spec.template.spec.containers[name=web].image`, `.metadata.labels["app.kubernetes.io/name"]` */
export function writtenPath(path: readonly PathStep[]): string {
  const steps = path.map((step) => {
    if (typeof step === 'string') return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
    return 'index' in step ? `[${step.index}]` : `[name=${step.name}]`;
  });
  return steps.join('');
}

/** The value at a path; undefined when it leads nowhere. */
export function valueAt(object: unknown, path: readonly PathStep[]): unknown {
  let place = object;
  for (const step of path) place = descend(place, step);
  return place;
}

/** The object without one of its fields. */
export function withoutPath(object: KubeObject, path: readonly PathStep[]): KubeObject {
  const copy = structuredClone(object);
  const place = valueAt(copy, path.slice(0, -1));
  const last = path.at(-1);
  if (isFields(place) && typeof last === 'string') delete place[last];
  return copy;
}

function descend(place: unknown, step: PathStep): unknown {
  if (typeof step === 'string') return isFields(place) ? place[step] : undefined;
  if (!Array.isArray(place)) return undefined;
  const items: unknown[] = place;
  if ('index' in step) return items[step.index];
  return items.find((item) => isFields(item) && item['name'] === step.name);
}
