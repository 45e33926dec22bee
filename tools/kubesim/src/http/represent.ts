import type { Column, Kind } from '../kinds/kind.ts';
import { apiVersionOf } from '../kinds/kind.ts';
import { ageColumn, nameColumn } from '../kinds/columns.ts';
import type { Fields, KubeObject } from '../objects/object.ts';
import type { Entry } from '../storage/store.ts';

/** What a client asked to see of objects: all of it, metadata only, or rows of a table. */
export type Representation = 'object' | 'metadata' | 'table';

export function representationOf(accept: string | undefined): Representation {
  for (const part of (accept ?? '').split(',')) {
    if (part.includes('protobuf') || part.includes('cbor')) continue;
    if (/as=Table/.test(part)) return 'table';
    if (/as=PartialObjectMetadata/.test(part)) return 'metadata';
    if (/json|\*\/\*/.test(part)) return 'object';
  }
  return 'object';
}

/** An entry's text under the version asked for; only resources with several versions are parsed. */
export function textOfEntry(entry: Entry, kind: Kind): string {
  const version = apiVersionOf(kind);
  if (entry.json.startsWith(`{"apiVersion":${JSON.stringify(version)}`)) return entry.json;
  return JSON.stringify({ ...(JSON.parse(entry.json) as KubeObject), apiVersion: version });
}

export const partialMetadata = (object: KubeObject): Fields => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
});

const generic: readonly Column[] = [nameColumn, ageColumn];

/** A `meta.k8s.io/v1` Table, which is what `kubectl get` prints. */
export function table(
  kind: Kind,
  objects: KubeObject[],
  options: { now: number; metadata: Fields; include: string | null; headers?: boolean },
): Fields {
  const columns = kind.columns ?? generic;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions:
      options.headers === false
        ? null
        : columns.map((column) => ({
            name: column.name,
            type: column.type ?? 'string',
            format: column.format ?? '',
            description: column.name,
            priority: column.priority ?? 0,
          })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, options.now)),
      ...(options.include === 'None'
        ? {}
        : { object: options.include === 'Object' ? object : partialMetadata(object) }),
    })),
  };
}

/** One object as a client asked for it. */
export function represent(
  object: KubeObject,
  kind: Kind,
  how: Representation,
  now: number,
  include: string | null,
): unknown {
  if (how === 'metadata') return partialMetadata(object);
  if (how === 'object') return object;
  return table(kind, [object], {
    now,
    metadata: { resourceVersion: object.metadata.resourceVersion },
    include,
  });
}
