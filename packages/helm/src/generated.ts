import { type KubeObject, type ObjectRef, objectKey, refOf } from '@cnap/kubernetes';

/** A field that comes out differently each time: which object, and a JSON Pointer (RFC 6901) into it. */
export type GeneratedField = { ref: ObjectRef; pointer: string };

/** What differs between two renderings of the same chart with the same values: passwords, certificates, times. */
export function generatedFields(first: KubeObject[], second: KubeObject[]): GeneratedField[] {
  const others = byKey(second);
  return first.flatMap((object) => {
    const other = others.get(objectKey(refOf(object)));
    const pointers: string[] = [];
    if (other) collectDifferences(object, other, '', pointers);
    return pointers.map((pointer) => ({ ref: refOf(object), pointer }));
  });
}

/**
 * The objects with generated fields as they were in the release before, where both have them. A field that the
 * release before did not have keeps its new value.
 */
export function carryOver(
  objects: KubeObject[],
  before: KubeObject[],
  fields: GeneratedField[],
): KubeObject[] {
  const former = byKey(before);
  const pointers = Map.groupBy(fields, ({ ref }) => objectKey(ref));
  return objects.map((object) => {
    const key = objectKey(refOf(object));
    const old = former.get(key);
    const carried = pointers.get(key);
    if (!old || !carried) return object;
    const copy = structuredClone(object);
    for (const { pointer } of carried) {
      const value = read(old, pointer);
      if (value !== undefined && read(copy, pointer) !== undefined) write(copy, pointer, value);
    }
    return copy;
  });
}

function byKey(objects: KubeObject[]): Map<string, KubeObject> {
  return new Map(objects.map((object) => [objectKey(refOf(object)), object]));
}

function collectDifferences(a: unknown, b: unknown, pointer: string, found: string[]): void {
  if (a === b) return;
  if (!isNode(a) || !isNode(b) || Array.isArray(a) !== Array.isArray(b)) return void found.push(pointer);
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return void found.push(pointer);
  for (const key of Object.keys(a)) {
    collectDifferences(
      a[key],
      b[key],
      `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      found,
    );
  }
}

type Node = Record<string, unknown>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function steps(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(object: KubeObject, pointer: string): unknown {
  let value: unknown = object;
  for (const step of steps(pointer)) {
    if (!isNode(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

function write(object: KubeObject, pointer: string, value: unknown): void {
  const path = steps(pointer);
  const last = path.pop();
  let target: unknown = object;
  for (const step of path) target = isNode(target) ? target[step] : undefined;
  if (isNode(target) && last !== undefined) target[last] = value;
}
