import type { Kind } from '../kinds/kind.ts';
import type { Fields, KubeObject, ManagedFieldsEntry } from '../objects/object.ts';
import { copy } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { FieldSet } from './field-set.ts';
import { difference, emptySet, intersection, isEmpty, members, pathText, union } from './field-set.ts';
import { compare, fieldSetOf, mergeFields, removeFields } from './fields.ts';
import type { Owner, Writer } from './managed-fields.ts';
import {
  isWriter,
  newOwner,
  ownersOf,
  stripUnowned,
  subtract,
  toManagedFields,
  withMetadata,
} from './managed-fields.ts';

/**
 * Server-side apply: lays `config` over `live`, drops what this field manager applied before and no longer
 * does (unless somebody else owns it too), and answers 409 with a cause per field where the value of another
 * manager would change. https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export function applyConfiguration(options: {
  live: KubeObject;
  config: KubeObject;
  kind: Kind;
  writer: Writer;
  force: boolean;
}): KubeObject {
  const { live, config, kind, writer, force } = options;
  const shape = withMetadata(kind.shape);
  const wanted = copy(config);
  delete wanted.metadata.managedFields;
  const speaksFor = stripUnowned(fieldSetOf(wanted, shape));
  const before = ownersOf(live);
  const others = before.filter((owner) => !isWriter(owner, writer, 'Apply'));
  const mine = before.find((owner) => isWriter(owner, writer, 'Apply'));

  let merged = mergeFields(live, wanted, shape) as KubeObject;
  if (mine) {
    const dropped = difference(mine.set, speaksFor);
    const kept = others.reduce((set, owner) => union(set, owner.set), emptySet());
    const gone = withoutAncestorsOf(difference(dropped, kept), union(kept, speaksFor));
    merged = removeFields(merged, gone, shape) as KubeObject;
  }
  const { changed, removed } = compare(live as Fields, merged as Fields, shape);
  const contested = stripUnowned(intersection(changed, speaksFor));
  const conflicts = others.map((owner) => ({ owner, fields: intersection(owner.set, contested) }));
  const real = conflicts.filter(({ fields }) => !isEmpty(fields));
  if (real.length > 0 && !force) throw applyConflict(real);

  const left = others.map(({ entry, set }): Owner => ({
    entry,
    set: subtract(difference(set, contested), removed),
  }));
  const owner = newOwner(writer, 'Apply', speaksFor);
  merged.metadata = { ...merged.metadata, managedFields: toManagedFields([...left, owner], before) };
  return merged;
}

/** An item of a list stays while somebody owns anything below it. */
function withoutAncestorsOf(gone: FieldSet, kept: FieldSet): FieldSet {
  const set = emptySet();
  set.member = gone.member && isEmpty(kept);
  for (const [key, child] of gone.children) {
    const rest = withoutAncestorsOf(child, kept.children.get(key) ?? emptySet());
    if (!isEmpty(rest)) set.children.set(key, rest);
  }
  return set;
}

function describe(entry: ManagedFieldsEntry): string {
  const name = `${JSON.stringify(entry.manager)}${entry.subresource ? ` with subresource ${JSON.stringify(entry.subresource)}` : ''}`;
  if (entry.operation === 'Apply') return name;
  return entry.time
    ? `${name} using ${entry.apiVersion} at ${entry.time}`
    : `${name} using ${entry.apiVersion}`;
}

function applyConflict(conflicts: { owner: Owner; fields: FieldSet }[]): StatusError {
  const all = conflicts.flatMap(({ owner, fields }) =>
    [...members(fields)].map((path) => ({ manager: describe(owner.entry), field: pathText(path) })),
  );
  const causes = all.map(({ manager, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${manager}`,
    field,
  }));
  const [first] = all;
  const managers = [...new Set(all.map(({ manager }) => manager))];
  const lists = managers.map(
    (manager) =>
      `conflicts with ${manager}:\n${all
        .filter((item) => item.manager === manager)
        .map(({ field }) => `- ${field}`)
        .join('\n')}`,
  );
  const message =
    all.length === 1 && first
      ? `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.field}`
      : `Apply failed with ${all.length} conflicts: ${lists.join('\n')}`;
  return new StatusError(409, 'Conflict', message, { causes });
}
