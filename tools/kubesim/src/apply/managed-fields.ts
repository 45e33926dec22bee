import { metadataShape } from '../kinds/shapes.ts';
import type { Shape } from '../kinds/kind.ts';
import type { Fields, KubeObject, ManagedFieldsEntry } from '../objects/object.ts';
import { timestamp } from '../objects/object.ts';
import type { FieldSet } from './field-set.ts';
import { difference, emptySet, equalSets, fromFieldsV1, isEmpty, toFieldsV1, union } from './field-set.ts';
import { compare } from './fields.ts';

export interface Writer {
  fieldManager: string;
  apiVersion: string;
  subresource?: string | undefined;
  now: number;
}

/** Fields that the server sets and nobody owns. */
const unowned = [
  ['f:apiVersion'],
  ['f:kind'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
    'generateName',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ].map((field) => ['f:metadata', `f:${field}`]),
];

export function stripUnowned(set: FieldSet): FieldSet {
  for (const [first = '', second] of unowned) {
    if (second === undefined) set.children.delete(first);
    else set.children.get(first)?.children.delete(second);
  }
  const metadata = set.children.get('f:metadata');
  if (metadata) metadata.member = false;
  if (metadata && isEmpty(metadata)) set.children.delete('f:metadata');
  set.member = false;
  return set;
}

export const withMetadata = (shape: Shape | undefined): Shape => ({
  ...shape,
  fields: { ...shape?.fields, metadata: metadataShape },
});

export interface Owner {
  entry: ManagedFieldsEntry;
  set: FieldSet;
}

export const ownersOf = (object: KubeObject | undefined): Owner[] =>
  (object?.metadata.managedFields ?? []).map((entry) => ({ entry, set: fromFieldsV1(entry.fieldsV1) }));

export const isWriter = (owner: Owner, writer: Writer, operation: 'Apply' | 'Update'): boolean =>
  owner.entry.manager === writer.fieldManager &&
  owner.entry.operation === operation &&
  (owner.entry.subresource ?? '') === (writer.subresource ?? '');

export const newOwner = (writer: Writer, operation: 'Apply' | 'Update', set: FieldSet): Owner => ({
  entry: {
    manager: writer.fieldManager,
    operation,
    apiVersion: writer.apiVersion,
    time: timestamp(writer.now),
    fieldsType: 'FieldsV1',
    fieldsV1: {},
    ...(writer.subresource ? { subresource: writer.subresource } : {}),
  },
  set,
});

/** Entries whose fields did not change keep their time; those that own nothing go. Appliers come first. */
export function toManagedFields(owners: Owner[], before: Owner[]): ManagedFieldsEntry[] {
  const entries = owners
    .filter((owner) => !isEmpty(owner.set))
    .map(({ entry, set }): ManagedFieldsEntry => {
      const was = before.find(
        (old) =>
          old.entry.manager === entry.manager &&
          old.entry.operation === entry.operation &&
          old.entry.subresource === entry.subresource,
      );
      if (was && equalSets(was.set, set)) return { ...was.entry };
      return { ...entry, fieldsV1: toFieldsV1(set) };
    });
  return [
    ...entries.filter((e) => e.operation === 'Apply'),
    ...entries.filter((e) => e.operation === 'Update'),
  ];
}

/**
 * Records who owns what after a create, update or patch: the writer owns what it changed, and nobody owns what it
 * removed. Who sends other `managedFields` hands fields over; sending `[{}]` or `[]` leaves them with nobody.
 */
export function trackUpdate(
  old: KubeObject | undefined,
  now: KubeObject,
  writer: Writer,
  shape: Shape | undefined,
): void {
  const sent = now.metadata.managedFields;
  if (old !== undefined && sent !== undefined && sent.every((entry) => !entry.manager)) {
    delete now.metadata.managedFields;
    return;
  }
  const full = withMetadata(shape);
  const before = ownersOf(sent ? now : old);
  const { changed, removed } = compare(old ?? {}, now as Fields, full);
  stripUnowned(changed);
  stripUnowned(removed);
  if (isEmpty(changed) && isEmpty(removed)) {
    now.metadata.managedFields = toManagedFields(before, ownersOf(old));
    return;
  }
  const owners = before.map(({ entry, set }) => ({
    entry,
    set: subtract(difference(set, changed), removed),
  }));
  const mine = owners.find((owner) => isWriter(owner, writer, 'Update'));
  if (mine) {
    mine.set = union(mine.set, changed);
    mine.entry = { ...mine.entry, time: timestamp(writer.now), apiVersion: writer.apiVersion };
  } else {
    owners.push(newOwner(writer, 'Update', changed));
  }
  now.metadata.managedFields = toManagedFields(owners, before);
}

/** Takes away paths and everything below them. */
export function subtract(set: FieldSet, gone: FieldSet): FieldSet {
  if (gone.member) return emptySet();
  const left = emptySet();
  left.member = set.member;
  for (const [key, child] of set.children) {
    const below = gone.children.get(key);
    const rest = below ? subtract(child, below) : child;
    if (!isEmpty(rest)) left.children.set(key, rest);
  }
  return left;
}
