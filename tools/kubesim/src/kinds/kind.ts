import type { Fields, KubeObject } from '../objects/object.ts';
import type { Cause } from '../objects/status-error.ts';

/**
 * How a kind's fields are merged, for strategic merge and server-side apply. A field that is not named
 * here is a granular map when it holds an object and atomic when it holds a list, as in Kubernetes.
 */
export interface Shape {
  fields?: Record<string, Shape>;
  /** every entry of a map has this shape */
  entries?: Shape;
  /** a list whose items are told apart by these fields (`x-kubernetes-list-map-keys`) */
  keys?: readonly string[];
  /** values for keys that an item may leave out (`protocol: TCP`) */
  keyDefaults?: Readonly<Record<string, string>>;
  /** `patchMergeKey` where strategic merge has one and server-side apply has none */
  patchKey?: string;
  item?: Shape;
  /** a list of scalars that is a set */
  set?: true;
  atomic?: true;
}

export interface Column {
  name: string;
  type?: 'string' | 'integer' | 'date' | 'boolean';
  format?: string;
  /** greater than 0: shown by `-o wide` only */
  priority?: number;
  cell: (object: KubeObject, now: number) => string | number | boolean;
}

/** A resource as the API serves it: what storage, discovery, patches and tables know about a kind. */
export interface Kind {
  group: string;
  version: string;
  kind: string;
  resource: string;
  singular: string;
  namespaced: boolean;
  shortNames?: readonly string[];
  categories?: readonly string[];
  subresources?: readonly ('status' | 'scale' | 'log' | 'eviction' | 'token' | 'finalize')[];
  /** `metadata.generation` counts changes outside metadata and status */
  generation?: boolean;
  shape?: Shape;
  /** fills what clients look at; runs on create, update and patch */
  defaults?: (object: KubeObject) => void;
  /** on create only, after `defaults` */
  prepare?: (object: KubeObject, context: PrepareContext) => void;
  validate?: (object: KubeObject) => Cause[];
  validateUpdate?: (object: KubeObject, old: KubeObject) => Cause[];
  /** what field selectors may name beside metadata.name and metadata.namespace */
  selectable?: (object: KubeObject) => Record<string, string>;
  columns?: readonly Column[];
  /** in place of storing on POST: access reviews */
  answers?: boolean;
  /** every served version of a custom resource is stored as one */
  versions?: readonly string[];
  /** where a custom resource's scale has its replicas: `spec.replicas`, as the CRD names it */
  scale?: { spec: string; status: string; selector: string };
  /** the CRD that defines it */
  crd?: string;
}

export interface PrepareContext {
  /** a free cluster IP */
  clusterIp: () => string;
  nodePort: () => number;
  now: number;
}

/** The name of a kind's storage: `pods`, `deployments.apps`. */
export type StorageKey = string;

export const storageKey = (kind: Pick<Kind, 'group' | 'resource'>): StorageKey =>
  kind.group ? `${kind.resource}.${kind.group}` : kind.resource;

export const apiVersionOf = (kind: Pick<Kind, 'group' | 'version'>): string =>
  kind.group ? `${kind.group}/${kind.version}` : kind.version;

/** Sets a field that is absent. */
export function defaulted(target: Fields, values: Fields): Fields {
  for (const [key, value] of Object.entries(values)) {
    if (target[key] === undefined || target[key] === null) target[key] = value;
  }
  return target;
}

/** The object below a field, made when absent. */
export function below(target: Fields, field: string): Fields {
  const value = target[field];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  const made: Fields = {};
  target[field] = made;
  return made;
}

export const immutable = (field: string, detail = 'field is immutable', value?: unknown): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${value === undefined ? '' : `${JSON.stringify(value)}: `}${detail}`,
  field,
});

export const required = (field: string, detail = ''): Cause => ({
  reason: 'FieldValueRequired',
  message: `Required value${detail ? `: ${detail}` : ''}`,
  field,
});
