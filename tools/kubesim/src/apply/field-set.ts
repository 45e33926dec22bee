import type { Fields } from '../objects/object.ts';
import { fieldsOf } from '../objects/object.ts';

/**
 * A set of field paths as a tree, the in-memory form of `fieldsV1`. Path elements are written as there:
 * `f:name`, `k:{"name":"web"}`, `v:"value"`.
 */
export interface FieldSet {
  member: boolean;
  children: Map<string, FieldSet>;
}

export const emptySet = (): FieldSet => ({ member: false, children: new Map() });

export const isEmpty = (set: FieldSet): boolean => !set.member && set.children.size === 0;

export function childOf(set: FieldSet, element: string): FieldSet {
  let child = set.children.get(element);
  if (!child) set.children.set(element, (child = emptySet()));
  return child;
}

export function fromFieldsV1(fields: Fields, isRoot = true): FieldSet {
  const set = emptySet();
  const keys = Object.keys(fields);
  set.member = !isRoot && (keys.length === 0 || '.' in fields);
  for (const key of keys) if (key !== '.') set.children.set(key, fromFieldsV1(fieldsOf(fields[key]), false));
  return set;
}

export function toFieldsV1(set: FieldSet): Fields {
  const fields: Fields = {};
  if (set.member && set.children.size > 0) fields['.'] = {};
  for (const key of [...set.children.keys()].toSorted()) {
    const child = set.children.get(key);
    if (child && !isEmpty(child)) fields[key] = toFieldsV1(child);
  }
  return fields;
}

function combine(
  left: FieldSet,
  right: FieldSet | undefined,
  keep: (l: boolean, r: boolean) => boolean,
): FieldSet {
  const set = emptySet();
  set.member = keep(left.member, right?.member ?? false);
  for (const [key, child] of left.children) {
    const made = combine(child, right?.children.get(key), keep);
    if (!isEmpty(made)) set.children.set(key, made);
  }
  return set;
}

export const difference = (left: FieldSet, right: FieldSet): FieldSet =>
  combine(left, right, (l, r) => l && !r);

export const intersection = (left: FieldSet, right: FieldSet): FieldSet =>
  combine(left, right, (l, r) => l && r);

export function union(left: FieldSet, right: FieldSet): FieldSet {
  const set = combine(left, right, (l, r) => l || r);
  for (const [key, child] of right.children) {
    const there = set.children.get(key);
    set.children.set(key, there ? union(there, child) : child);
  }
  return set;
}

export const equalSets = (left: FieldSet, right: FieldSet): boolean =>
  isEmpty(difference(left, right)) && isEmpty(difference(right, left));

/** The members, as lists of path elements. */
export function* members(set: FieldSet, path: readonly string[] = []): Generator<readonly string[]> {
  if (set.member) yield path;
  for (const [key, child] of set.children) yield* members(child, [...path, key]);
}

/** A path as Kubernetes prints it: `.spec.containers[name="web"].image`. */
export function pathText(path: readonly string[]): string {
  return path
    .map((element) => {
      const value = element.slice(2);
      if (element.startsWith('f:')) return `.${value}`;
      if (element.startsWith('v:')) return `[=${value}]`;
      const keys = Object.entries(JSON.parse(value) as Fields);
      return `[${keys.map(([key, item]) => `${key}=${JSON.stringify(item)}`).join(',')}]`;
    })
    .join('');
}
