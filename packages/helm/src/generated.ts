import { type KubeObject, type ObjectRef, objectKey, refOf } from '@cnap/kubernetes';

import { carriedBase64, carriedText } from './generated-text.ts';
import type { Hook } from './hook.ts';

/**
 * A field that comes out differently each time: which object, a JSON Pointer (RFC 6901) into it, and what came out the
 * second time.
 */
export type GeneratedField = { ref: ObjectRef; pointer: string; again: unknown };

/** What differs between two renderings of the same chart with the same values: passwords, certificates, times. */
export function generatedFields(first: KubeObject[], second: KubeObject[]): GeneratedField[] {
  const others = byKey(second);
  return first.flatMap((object) => {
    const other = others.get(objectKey(refOf(object)));
    const pointers: string[] = [];
    if (other) collectDifferences(object, other, '', pointers);
    return pointers.map((pointer) => ({ ref: refOf(object), pointer, again: other && read(other, pointer) }));
  });
}

/** What a release is made of, as far as fields in it can be generated. */
export type Release = { objects: KubeObject[]; hooks: Hook[] };

/**
 * A release with what its templates generate as it was in the release before, in hooks as well: the job that writes
 * a password into a database has the one that the application uses.
 * @param again the same rendering once more
 */
export function carryOverRelease(rendered: Release, again: Release, before: Release): Release {
  const fields = generatedFields(everything(rendered), everything(again));
  if (fields.length === 0) return rendered;
  const carried = carryOver(everything(rendered), everything(before), fields);
  const { length } = rendered.objects;
  return {
    objects: carried.slice(0, length),
    hooks: rendered.hooks.map((hook, index) => ({ ...hook, object: carried[length + index] ?? hook.object })),
  };
}

const everything = ({ objects, hooks }: Release): KubeObject[] => [
  ...objects,
  ...hooks.map(({ object }) => object),
];

/**
 * The objects with generated fields as they were in the release before, where both have them. A field that the
 * release before did not have keeps its new value; so does a checksum over objects that have changed otherwise.
 */
export function carryOver(
  objects: KubeObject[],
  before: KubeObject[],
  fields: GeneratedField[],
): KubeObject[] {
  const former = byKey(before);
  const [checksums, values] = [fields.filter(isChecksum), fields.filter((field) => !isChecksum(field))];
  const carried = carryFields(objects, former, values);
  // What a checksum is over is not told: it is carried over as long as nothing that is generated stands in an object
  // that has changed.
  const generators = new Set(values.map(({ ref }) => objectKey(ref)));
  const isSame = carried.every((object) => {
    const key = objectKey(refOf(object));
    return !generators.has(key) || isEqual(object, former.get(key));
  });
  return isSame ? carryFields(carried, former, checksums) : carried;
}

/** `checksum/config: {{ include … | sha256sum }}`, by which pods are renewed. */
const isChecksum = ({ pointer }: GeneratedField): boolean =>
  /\/metadata\/annotations\/[^/]*checksum[^/]*$/i.test(pointer);

function carryFields(
  objects: KubeObject[],
  former: Map<string, KubeObject>,
  fields: GeneratedField[],
): KubeObject[] {
  const byObject = Map.groupBy(fields, ({ ref }) => objectKey(ref));
  return objects.map((object) => {
    const key = objectKey(refOf(object));
    const old = former.get(key);
    const carried = byObject.get(key);
    if (!old || !carried) return object;
    const copy = structuredClone(object);
    for (const { pointer, again } of carried) {
      const [now, value] = [read(copy, pointer), read(old, pointer)];
      if (value === undefined || now === undefined) continue;
      write(copy, pointer, merged({ now, again, value, isData: isSecretData(object, pointer) }));
    }
    return copy;
  });
}

type Values = { now: unknown; again: unknown; value: unknown; isData: boolean };

function merged({ now, again, value, isData }: Values): unknown {
  if (typeof now !== 'string' || typeof again !== 'string' || typeof value !== 'string') return value;
  return isData ? carriedBase64(now, again, value) : carriedText(now, again, value);
}

const isSecretData = ({ kind }: KubeObject, pointer: string): boolean =>
  kind === 'Secret' && pointer.startsWith('/data/');

function isEqual(a: unknown, b: unknown): boolean {
  const differences: string[] = [];
  collectDifferences(a, b, '', differences);
  if (differences.length === 0) collectDifferences(b, a, '', differences);
  return differences.length === 0;
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
