import type { Admission } from '../admission/admission.ts';
import { applyConfiguration } from '../apply/apply.ts';
import { fieldSetOf } from '../apply/fields.ts';
import type { Writer } from '../apply/managed-fields.ts';
import { newOwner, stripUnowned, toManagedFields, withMetadata } from '../apply/managed-fields.ts';
import type { Kind } from '../kinds/kind.ts';
import { apiVersionOf, storageKey } from '../kinds/kind.ts';
import type { KubeObject } from '../objects/object.ts';
import { copy, isFields } from '../objects/object.ts';
import { badRequest, conflict, notFound, StatusError } from '../objects/status-error.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { strategicMerge } from '../patch/strategic-merge.ts';
import { parse } from '../storage/store.ts';
import type { Cluster } from './cluster.ts';
import { checkBody, createObject, targetOf, updateObject } from './write.ts';

export interface PatchRequest {
  kind: Kind;
  namespace: string;
  name: string;
  contentType: string;
  body: unknown;
  fieldManager: string;
  /** whether the client named its field manager itself */
  named: boolean;
  force: boolean;
  dryRun: boolean;
  subresource: string | undefined;
  admit: Admission;
}

export interface PatchResult {
  object: KubeObject;
  created: boolean;
}

const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

export function patchObject(cluster: Cluster, request: PatchRequest): PatchResult {
  const type = request.contentType.split(';')[0]?.trim();
  if (type === 'application/apply-patch+yaml') return applyPatch(cluster, request);
  const { kind, namespace, name, body } = request;
  if (!patchTypes.includes(type ?? '')) throw unsupported(request.contentType, kind);
  const entry = cluster.store.get(storageKey(kind), namespace, name);
  if (!entry) throw notFound(targetOf(kind, name));
  const old = parse(entry);
  old.apiVersion = apiVersionOf(kind);
  const patched = ((): unknown => {
    switch (type) {
      case 'application/json-patch+json':
        if (!Array.isArray(body)) throw badRequest('a JSON patch must be an array of operations');
        return jsonPatch(old, body);
      case 'application/merge-patch+json':
        return mergePatch(old, body);
      case 'application/strategic-merge-patch+json':
        if (kind.crd) throw unsupported('application/strategic-merge-patch+json', kind);
        return strategicMerge(old, body, withMetadata(kind.shape));
      default:
        throw unsupported(request.contentType, kind);
    }
  })() as KubeObject;
  if (patched.metadata.name !== name)
    throw conflict(targetOf(kind, name), 'the name of the object may not be changed');
  return { object: updateObject(cluster, kind, entry, patched, request), created: false };
}

const unsupported = (type: string, kind: Kind): StatusError =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, ${kind.crd ? '' : 'application/strategic-merge-patch+json, '}application/apply-patch+yaml (was ${type})`,
  );

function applyPatch(cluster: Cluster, request: PatchRequest): PatchResult {
  const { kind, namespace, name, body, force } = request;
  if (!isFields(body)) throw badRequest('the body of an apply patch must be an object');
  if (!request.named) {
    throw new StatusError(
      422,
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      {
        group: 'meta.k8s.io',
        kind: 'PatchOptions',
        causes: [
          {
            reason: 'FieldValueRequired',
            message: 'Required value: is required for apply patch',
            field: 'fieldManager',
          },
        ],
      },
    );
  }
  const config = copy(body) as KubeObject;
  if (!config.apiVersion || !config.kind)
    throw badRequest('invalid object type: apiVersion and kind must be set');
  if (config.metadata?.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  checkBody(kind, namespace, name, config);
  const writer: Writer = {
    fieldManager: request.fieldManager,
    apiVersion: apiVersionOf(kind),
    subresource: request.subresource,
    now: cluster.now(),
  };
  const entry = cluster.store.get(storageKey(kind), namespace, name);
  if (!entry) {
    if (config.metadata.uid || request.subresource) throw notFound(targetOf(kind, name));
    const speaksFor = stripUnowned(fieldSetOf(config, withMetadata(kind.shape)));
    const owners = toManagedFields([newOwner(writer, 'Apply', speaksFor)], []);
    return { object: createObject(cluster, kind, namespace, config, request, owners), created: true };
  }
  const live = parse(entry);
  live.apiVersion = apiVersionOf(kind);
  const merged = applyConfiguration({ live, config, kind, writer, force });
  return { object: updateObject(cluster, kind, entry, merged, request, true), created: false };
}
