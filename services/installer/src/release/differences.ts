import { type KubeObject, type ObjectRef, objectKey, refOf } from '@cnap/kubernetes';
import { diffObjects, writtenPath } from '../kubernetes/object-diff.ts';
import { withDataOnly } from '../kubernetes/owned-object.ts';
import type { Compared } from '../kubernetes/port.ts';
import type { Manifests } from './manifests.ts';
import { maskText } from './masking.ts';
import { shownPair } from './shown-value.ts';

const fieldsAtMost = 100;
/** Of all values of a diff together; an object beyond is told without its fields. */
const charactersAtMost = 2_000_000;

type FieldDifference = { path: string; before?: string; after?: string };

/** An object that changes, as people may see it. */
export type ObjectDifference = {
  ref: ObjectRef;
  change: 'created' | 'changed' | 'deleted';
  fields: FieldDifference[];
  message: string;
};
export type Differences = { objects: ObjectDifference[]; unchanged: number };

/** Where the objects of an install's manifests belong: those of its own namespace need not say so. */
export type Places = { namespace: string; isClusterWide: (object: KubeObject) => boolean };

/** What would be applied, by what it is known by; in the order in which it is. */
function placed({ crds, objects }: Manifests, { namespace, isClusterWide }: Places): Map<string, KubeObject> {
  const all = [...crds, ...objects].map((object): KubeObject => {
    const own = object.kind === 'Secret' && object.apiVersion === 'v1' ? withDataOnly(object) : object;
    const { namespace: _named, ...metadata } = own.metadata;
    if (isClusterWide(own)) return { ...own, metadata };
    return { ...own, metadata: { ...metadata, namespace: own.metadata.namespace ?? namespace } };
  });
  return new Map(all.map((object) => [objectKey(refOf(object)), object]));
}

/** What the second of two releases changes. */
export function diffReleases(
  [before, beforeIn]: [Manifests, Places],
  [after, afterIn]: [Manifests, Places],
  words: readonly string[],
): Differences {
  const former = placed(before, beforeIn);
  const next = placed(after, afterIn);
  const limited = limit();
  const changed = [...next].flatMap(([key, object]): ObjectDifference[] => {
    const ref = refOf(object);
    const old = former.get(key);
    if (!old) return [{ ref, change: 'created', fields: [], message: '' }];
    const differences = diffObjects(old, object);
    if (differences.length === 0) return [];
    const fields = differences
      .slice(0, fieldsAtMost)
      .map(({ path, found, wanted }) => shown(ref.kind, writtenPath(path), found, wanted, words));
    return [{ ref, change: 'changed', ...limited(fields) }];
  });
  const deleted = [...former]
    .filter(([key]) => !next.has(key))
    .map(([, object]): ObjectDifference => ({
      ref: refOf(object),
      change: 'deleted',
      fields: [],
      message: '',
    }));
  const same = [...next.keys()].filter((key) => former.has(key)).length;
  const altered = changed.filter(({ change }) => change === 'changed').length;
  return { objects: [...changed, ...deleted], unchanged: same - altered };
}

/** What applying a release would change on its cluster; `gone`: what it would remove. */
export function diffCluster(
  compared: readonly Compared[],
  gone: readonly ObjectRef[],
  words: readonly string[],
): Differences {
  const limited = limit();
  const changed = compared.flatMap((one): ObjectDifference[] => {
    const { ref, found, changes, refused } = one;
    if (found === 'same') return [];
    if (found === 'removed') return [{ ref, change: 'created', fields: [], message: '' }];
    if (found === 'going') return [{ ref, change: 'created', fields: [], message: 'It is being deleted.' }];
    const message =
      found === 'taken' ? 'Somebody else has it.' : refused === undefined ? '' : maskText(refused, words);
    const fields = changes
      .slice(0, fieldsAtMost)
      .map(({ path, found: was, wanted }) => shown(ref.kind, path, was, wanted, words));
    const told = limited(fields);
    return [{ ref, change: 'changed', fields: told.fields, message: message || told.message }];
  });
  const deleted = gone.map((ref): ObjectDifference => ({ ref, change: 'deleted', fields: [], message: '' }));
  return { objects: [...changed, ...deleted], unchanged: compared.length - changed.length };
}

function shown(
  kind: string,
  path: string,
  found: unknown,
  wanted: unknown,
  words: readonly string[],
): FieldDifference {
  return { path, ...shownPair(kind, path, { before: found, after: wanted }, words) };
}

function limit(): (fields: FieldDifference[]) => Pick<ObjectDifference, 'fields' | 'message'> {
  let left = charactersAtMost;
  return (fields) => {
    const size = fields.reduce(
      (sum, { path, before = '', after = '' }) => sum + path.length + before.length + after.length,
      0,
    );
    if (size > left) return { fields: [], message: `${fields.length} fields change: too much to send.` };
    left -= size;
    return { fields, message: '' };
  };
}
