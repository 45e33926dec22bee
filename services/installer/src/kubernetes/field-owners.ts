import type { KubeObject } from '@cnap/kubernetes';

import type { PathStep } from './object-diff.ts';
import { fieldsEntries, isOurs, type FieldsEntry } from './signature.ts';

/** Who, but for us, gave a field its value: the latest one first. */
export function ownersOf(object: KubeObject, path: readonly PathStep[]): FieldsEntry[] {
  return fieldsEntries(object)
    .filter((entry) => !isOurs(entry) && holds(entry.fieldsV1, object, path))
    .toSorted((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
}

type Fields = Record<string, unknown>;

// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management: `f:` a field, `k:` an entry by
// its keys, `i:` by its position; an empty object owns all below it.
function holds(fields: Fields | undefined, object: unknown, path: readonly PathStep[]): boolean {
  let owned: Fields | undefined = fields;
  let place: unknown = object;
  for (const step of path) {
    if (!owned) return false;
    if (Object.keys(owned).length === 0) return true;
    const key = keyOf(owned, step);
    place = inside(place, step);
    // Lists that are one value have no keys below them.
    owned = key === undefined ? undefined : (owned[key] as Fields);
  }
  return owned !== undefined;
}

function keyOf(owned: Fields, step: PathStep): string | undefined {
  if (typeof step === 'string') return `f:${step}` in owned ? `f:${step}` : undefined;
  if ('index' in step) return `i:${step.index}` in owned ? `i:${step.index}` : undefined;
  return Object.keys(owned).find(
    (key) => key.startsWith('k:') && (JSON.parse(key.slice(2)) as Fields)['name'] === step.name,
  );
}

const inside = (place: unknown, step: PathStep): unknown =>
  typeof step === 'string' && typeof place === 'object' && place !== null
    ? (place as Fields)[step]
    : undefined;
