import type { Admission } from '../admission/admission.ts';
import { trackUpdate } from '../apply/managed-fields.ts';
import type { Kind } from '../kinds/kind.ts';
import { apiVersionOf, storageKey } from '../kinds/kind.ts';
import { omitEmpty } from '../kinds/omit-empty.ts';
import { invalidLabels, invalidName } from '../kinds/validation.ts';
import type { KubeObject, ManagedFieldsEntry } from '../objects/object.ts';
import { copy, fieldsOf, same, timestamp } from '../objects/object.ts';
import type { Target } from '../objects/status-error.ts';
import { alreadyExists, badRequest, conflict, invalid, modified } from '../objects/status-error.ts';
import type { Entry } from '../storage/store.ts';
import { parse } from '../storage/store.ts';
import type { Cluster } from './cluster.ts';
import { bumpGeneration, inOrder, isReleased, nameSuffix, newUid } from './cluster.ts';

export interface WriteOptions {
  /** absent: a controller's write, whose fields are not tracked */
  fieldManager?: string | undefined;
  dryRun?: boolean;
  subresource?: string | undefined;
  admit: Admission;
}

export const targetOf = (kind: Kind, name: string): Target => ({
  group: kind.group,
  resource: kind.resource,
  kind: kind.kind,
  name,
});

/** Creates as the API does: metadata, defaults, admission, validation, ownership of fields. */
export function createObject(
  cluster: Cluster,
  kind: Kind,
  namespace: string,
  sent: KubeObject,
  options: WriteOptions,
  applied?: ManagedFieldsEntry[],
): KubeObject {
  const object = inOrder(copy(sent));
  const { metadata } = object;
  if (!metadata.name && metadata.generateName) metadata.name = `${metadata.generateName}${nameSuffix()}`;
  const target = targetOf(kind, metadata.name ?? '');
  if (!metadata.name) {
    throw invalid(target, [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: name or generateName is required',
        field: 'metadata.name',
      },
    ]);
  }
  if (metadata.resourceVersion)
    throw badRequest('resourceVersion should not be set on objects to be created');
  if (kind.namespaced) metadata.namespace = namespace;
  else delete metadata.namespace;
  object.apiVersion = apiVersionOf(kind);
  object.kind = kind.kind;
  const now = cluster.now();
  metadata.uid = newUid();
  metadata.creationTimestamp = timestamp(now);
  delete metadata.deletionTimestamp;
  delete metadata.managedFields;
  if (kind.generation) metadata.generation = 1;
  if (kind.subresources?.includes('status') && kind.resource !== 'nodes') delete object['status'];
  const before = options.fieldManager ? copy(object) : undefined;
  kind.defaults?.(object);
  omitEmpty(object);
  kind.prepare?.(object, { clusterIp: cluster.clusterIp, nodePort: cluster.nodePort, now });
  const request = {
    cluster,
    kind,
    operation: 'CREATE',
    object,
    old: undefined,
    dryRun: options.dryRun ?? false,
  } as const;
  options.admit({ ...request, phase: 'mutate' });
  const causes = [
    ...invalidName(metadata.name, kind.group),
    ...invalidLabels(metadata.labels),
    ...(kind.validate?.(object) ?? []),
  ];
  if (causes.length > 0) throw invalid(target, causes);
  if (cluster.store.get(storageKey(kind), metadata.namespace ?? '', metadata.name))
    throw alreadyExists(target);
  options.admit({ ...request, phase: 'check' });
  if (applied) {
    metadata.managedFields = applied;
  } else if (options.fieldManager && before) {
    trackUpdate(
      undefined,
      before,
      { fieldManager: options.fieldManager, apiVersion: object.apiVersion, now },
      kind.shape,
    );
    if (before.metadata.managedFields) metadata.managedFields = before.metadata.managedFields;
  }
  if (!options.dryRun) cluster.store.put(storageKey(kind), object);
  return object;
}

/** What a client may not change, taken from the stored object. */
const fixedMetadata = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'namespace',
  'generateName',
];

/** Writes a new state of a stored object; `managedFields` are tracked here unless `applied` brings them. */
export function updateObject(
  cluster: Cluster,
  kind: Kind,
  entry: Entry,
  sent: KubeObject,
  options: WriteOptions,
  applied = false,
): KubeObject {
  const old = parse(entry);
  const target = targetOf(kind, entry.name);
  const object = inOrder(copy(sent));
  if (object.metadata.resourceVersion && object.metadata.resourceVersion !== old.metadata.resourceVersion)
    throw modified(target);
  if (object.metadata.uid && object.metadata.uid !== old.metadata.uid) {
    throw conflict(
      target,
      `StorageError: invalid object, Code: 4, Key: /registry/${kind.resource}/${entry.namespace}/${entry.name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  for (const field of fixedMetadata) {
    if (old.metadata[field] === undefined) delete object.metadata[field];
    else object.metadata[field] = old.metadata[field];
  }
  object.metadata.resourceVersion = old.metadata.resourceVersion;
  object.apiVersion = apiVersionOf(kind);
  object.kind = kind.kind;
  const hasStatus = kind.subresources?.includes('status') ?? false;
  if (options.subresource === 'status') {
    for (const field of Object.keys({ ...old, ...object })) {
      if (field !== 'status' && field !== 'metadata') object[field] = old[field];
    }
    object.metadata = { ...old.metadata, managedFields: object.metadata.managedFields };
  } else if (hasStatus) {
    if (old['status'] === undefined) delete object['status'];
    else object['status'] = old['status'];
  }
  if (options.subresource !== 'status') {
    kind.defaults?.(object);
    omitEmpty(object);
    const causes = [
      ...invalidLabels(object.metadata.labels),
      ...(kind.validateUpdate?.(object, old) ?? []),
      ...(kind.validate?.(object) ?? []),
    ];
    if (causes.length > 0) throw invalid(target, causes);
    const request = {
      cluster,
      kind,
      operation: 'UPDATE',
      object,
      old,
      dryRun: options.dryRun ?? false,
    } as const;
    options.admit({ ...request, phase: 'mutate' });
    options.admit({ ...request, phase: 'check' });
  }
  if (kind.generation) bumpGeneration(object, old);
  if (old.metadata.deletionTimestamp) refuseNewFinalizers(target, old, object);
  if (!applied && options.fieldManager) {
    const writer = {
      fieldManager: options.fieldManager,
      apiVersion: object.apiVersion,
      subresource: options.subresource,
      now: cluster.now(),
    };
    trackUpdate(old, object, writer, kind.shape);
  } else if (!applied) {
    object.metadata.managedFields = old.metadata.managedFields;
  }
  if (unchanged(object, old)) return old;
  if (options.dryRun) return object;
  if (object.metadata.deletionTimestamp && isReleased(object, kind)) {
    cluster.store.remove(cluster.store.put(storageKey(kind), object));
    return object;
  }
  cluster.store.put(storageKey(kind), object);
  return object;
}

/** A write that changes nothing but the times of `managedFields` is none. */
function unchanged(object: KubeObject, old: KubeObject): boolean {
  const timeless = (value: KubeObject): unknown => ({
    ...value,
    metadata: {
      ...value.metadata,
      managedFields: (value.metadata.managedFields ?? []).map((entry) => ({ ...entry, time: '' })),
    },
  });
  return same(object, old) || same(timeless(object), timeless(old));
}

function refuseNewFinalizers(target: Target, old: KubeObject, object: KubeObject): void {
  const added = (object.metadata.finalizers ?? []).filter((name) => !old.metadata.finalizers?.includes(name));
  if (added.length === 0) return;
  throw invalid(target, [
    {
      reason: 'FieldValueForbidden',
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`,
      field: 'metadata.finalizers',
    },
  ]);
}

/** Body and path must agree. */
export function checkBody(kind: Kind, namespace: string, name: string | undefined, object: KubeObject): void {
  const body = fieldsOf(object);
  if (!body['metadata']) object.metadata = { name: name ?? '' };
  const wanted = apiVersionOf(kind);
  if (body['kind'] && body['kind'] !== kind.kind) {
    throw badRequest(
      `${String(body['kind'])} in version "${String(body['apiVersion'])}" cannot be handled as a ${kind.kind}: converting (${String(body['apiVersion'])}.${String(body['kind'])}) to (${kind.group || 'core'}.${kind.kind}): unknown conversion`,
    );
  }
  if (body['apiVersion'] && body['apiVersion'] !== wanted) {
    throw badRequest(
      `the API version in the data (${String(body['apiVersion'])}) does not match the expected API version (${wanted})`,
    );
  }
  const { metadata } = object;
  if (kind.namespaced && metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  if (name !== undefined && metadata.name && metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (name !== undefined) metadata.name = name;
}
