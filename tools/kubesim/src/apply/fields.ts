import type { Shape } from '../kinds/kind.ts';
import type { Fields } from '../objects/object.ts';
import { fieldsOf, isFields, same } from '../objects/object.ts';
import type { FieldSet } from './field-set.ts';
import { childOf, emptySet } from './field-set.ts';

const unknownShape: Shape = {};

export const shapeAt = (shape: Shape, field: string): Shape =>
  shape.fields?.[field] ?? shape.entries ?? unknownShape;

/** Whether a value is owned and replaced as a whole. */
const isLeaf = (value: unknown, shape: Shape): boolean => {
  if (shape.atomic) return true;
  if (Array.isArray(value)) return !shape.keys && !shape.set;
  return !isFields(value);
};

/** The path element of a list's item. */
export function elementOf(item: unknown, shape: Shape): string {
  if (shape.set) return `v:${JSON.stringify(item)}`;
  const key: Fields = {};
  for (const name of (shape.keys ?? []).toSorted()) {
    const value = fieldsOf(item)[name] ?? shape.keyDefaults?.[name];
    if (value !== undefined) key[name] = value;
  }
  return `k:${JSON.stringify(key)}`;
}

/** The children of a granular value, by path element. */
export function* childrenOf(
  value: unknown,
  shape: Shape,
): Generator<[element: string, child: unknown, shape: Shape]> {
  if (Array.isArray(value)) {
    for (const item of value) yield [elementOf(item, shape), item, shape.item ?? unknownShape];
  } else if (isFields(value)) {
    for (const [name, child] of Object.entries(value)) {
      if (child !== undefined) yield [`f:${name}`, child, shapeAt(shape, name)];
    }
  }
}

/** The fields that an applied configuration speaks for. */
export function fieldSetOf(
  value: unknown,
  shape: Shape,
  set: FieldSet = emptySet(),
  isItem = false,
): FieldSet {
  if (isLeaf(value, shape)) {
    set.member = true;
    return set;
  }
  let empty = true;
  for (const [element, child, childShape] of childrenOf(value, shape)) {
    empty = false;
    if (Array.isArray(child) && child.length === 0 && !isLeaf(child, childShape)) continue; // nothing to own
    fieldSetOf(child, childShape, childOf(set, element), !element.startsWith('f:'));
  }
  if (empty || isItem) set.member = true;
  return set;
}

/** What a write changed or added, and what it removed. */
export function compare(
  old: unknown,
  now: unknown,
  shape: Shape,
  changed: FieldSet = emptySet(),
  removed: FieldSet = emptySet(),
): { changed: FieldSet; removed: FieldSet } {
  if (isLeaf(now, shape) || isLeaf(old ?? (Array.isArray(now) ? [] : {}), shape)) {
    if (!same(old, now)) changed.member = true;
    return { changed, removed };
  }
  const before = new Map<string, unknown>();
  for (const [element, child] of childrenOf(old, shape)) before.set(element, child);
  let empty = true;
  for (const [element, child, childShape] of childrenOf(now, shape)) {
    empty = false;
    const was = before.get(element);
    const isNew = !before.delete(element);
    if (!isNew && same(was, child)) continue;
    const below = childOf(changed, element);
    compare(was, child, childShape, below, childOf(removed, element));
    if (isNew && marksItself(element, child, childShape)) below.member = true;
  }
  for (const element of before.keys()) childOf(removed, element).member = true;
  if (empty && old === undefined) changed.member = true;
  return { changed, removed };
}

/** Structs that are always written (spec, its template, …) have no `.` of their own in Kubernetes. */
const embedded = new Set([
  'f:spec',
  'f:status',
  'f:metadata',
  'f:template',
  'f:strategy',
  'f:updateStrategy',
  'f:jobTemplate',
]);

const marksItself = (element: string, child: unknown, shape: Shape): boolean =>
  !isLeaf(child, shape) && !embedded.has(element);

/** The live object with an applied configuration laid over it. */
export function mergeFields(live: unknown, config: unknown, shape: Shape): unknown {
  if (
    isLeaf(config, shape) ||
    live === undefined ||
    live === null ||
    Array.isArray(live) !== Array.isArray(config)
  )
    return config;
  if (Array.isArray(live) && Array.isArray(config)) {
    const wanted = new Map(config.map((item) => [elementOf(item, shape), item] as const));
    const merged = live.map((item) => {
      const element = elementOf(item, shape);
      const over = wanted.get(element);
      wanted.delete(element);
      return over === undefined ? item : mergeFields(item, over, shape.item ?? unknownShape);
    });
    return [...merged, ...wanted.values()];
  }
  const merged: Fields = { ...fieldsOf(live) };
  for (const [name, value] of Object.entries(fieldsOf(config))) {
    merged[name] = mergeFields(merged[name], value, shapeAt(shape, name));
  }
  return merged;
}

/** Takes fields away that nobody speaks for any more; empty items of keyed lists go with them. */
export function removeFields(value: unknown, gone: FieldSet, shape: Shape): unknown {
  if (gone.children.size === 0 || isLeaf(value, shape)) return value;
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const child = gone.children.get(elementOf(item, shape));
      if (!child) return [item];
      return child.member ? [] : [removeFields(item, child, shape.item ?? unknownShape)];
    });
  }
  const left: Fields = {};
  for (const [name, child] of Object.entries(fieldsOf(value))) {
    const below = gone.children.get(`f:${name}`);
    if (!below) {
      left[name] = child;
    } else if (below.member) {
      continue;
    } else {
      const rest = removeFields(child, below, shapeAt(shape, name));
      // Owners of nothing but leaves own their map implicitly: it goes when its last field goes.
      if (isHollow(rest) && !isHollow(child)) continue;
      left[name] = rest;
    }
  }
  return left;
}

const isHollow = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isFields(value) && Object.keys(value).length === 0;
