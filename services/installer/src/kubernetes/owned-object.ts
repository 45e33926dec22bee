import type { ApiResource, KubeObject } from '@cnap/kubernetes';

import type { InventoryEntry, Target } from './port.ts';
import { fieldManager, signatureOf } from './signature.ts';

export { fieldManager };

export const installLabel = 'cnap.tech/install';
/** `"true"` on an object of a source: RUNNING waits for it, too. */
export const waitAnnotation = 'cnap.tech/wait';
export const pullSecret = 'cnap-pull';

const managedBy = 'app.kubernetes.io/managed-by';
const releaseName = 'meta.helm.sh/release-name';
const releaseNamespace = 'meta.helm.sh/release-namespace';

const templatePaths: Record<string, string[]> = {
  Pod: ['spec'],
  Deployment: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

/**
 * The object as it is applied: in the install's namespace unless it names another, with Helm's ownership, so that
 * `helm upgrade --install --take-ownership` can take it over, and with the install's label, by which it is watched.
 */
export function ownedObject(
  object: KubeObject,
  target: Target,
  resource: ApiResource,
  options: { registries?: boolean | undefined } = {},
): KubeObject {
  const { namespace, ...metadata } = object.metadata;
  const copy: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      ...(resource.namespaced ? { namespace: namespace ?? target.namespace } : {}),
      labels: { ...metadata.labels, [managedBy]: 'Helm', [installLabel]: target.installId },
      annotations: {
        ...metadata.annotations,
        [releaseName]: target.releaseName,
        [releaseNamespace]: target.namespace,
      },
    },
  };
  delete copy['status']; // belongs to controllers; charts with CRDs carry empty ones
  if (copy.kind === 'Secret' && copy.apiVersion === 'v1') return withDataOnly(copy);
  return options.registries ? withPullSecret(copy) : copy;
}

/**
 * The API server turns `stringData` into `data` on its way in, and then nobody is known to own it: a change of it would
 * go unseen, and a key that a release leaves out would stay.
 */
export function withDataOnly(secret: KubeObject): KubeObject {
  const { stringData, ...rest } = secret;
  const texts = Object.entries((stringData ?? {}) as Fields);
  // What is no text is for the API server to refuse.
  if (!texts.every(([, value]) => typeof value === 'string')) return secret;
  const encoded = texts.map(([name, value]) => [name, Buffer.from(String(value)).toString('base64')]);
  const data = { ...(rest['data'] as Fields | undefined), ...Object.fromEntries(encoded) };
  return texts.length === 0 ? rest : { ...rest, data };
}

/** Whose an object is, by its labels: this install's, another one's, or a person's. */
export function ownerOf(object: KubeObject, target: Target): 'this' | 'another' | 'person' {
  const install = object.metadata.labels?.[installLabel];
  if (install === target.installId) return 'this';
  if (install !== undefined) return 'another';
  const { annotations } = object.metadata;
  const released =
    annotations?.[releaseName] === target.releaseName && annotations[releaseNamespace] === target.namespace;
  return released ? 'this' : 'person';
}

/** What is written down before an object is applied, so that a crash in between leaves nothing unknown behind. */
export function plannedEntry(object: KubeObject, target: Target, namespaced: boolean): InventoryEntry {
  const { namespace, ...metadata } = object.metadata;
  const placed = namespaced ? { namespace: namespace ?? target.namespace } : {};
  return inventoryEntry({ ...object, metadata: { ...metadata, uid: '', ...placed } });
}

export function inventoryEntry(object: KubeObject): InventoryEntry {
  const { name, namespace, uid, annotations } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: uid ?? '',
    ...(annotations?.['helm.sh/resource-policy'] === 'keep' ? { keep: true } : {}),
    ...(annotations?.[waitAnnotation] === 'true' ? { wait: true } : {}),
    ...(object.metadata['managedFields'] === undefined ? {} : { signature: signatureOf(object) }),
  };
}

type Fields = Record<string, unknown>;

function withPullSecret(object: KubeObject): KubeObject {
  const path = templatePaths[object.kind];
  if (!path) return object;
  const copy = structuredClone(object);
  let spec: unknown = copy;
  for (const step of path) spec = (spec as Fields | undefined)?.[step];
  if (typeof spec !== 'object' || spec === null) return object;
  const secrets = ((spec as Fields)['imagePullSecrets'] ?? []) as { name: string }[];
  (spec as Fields)['imagePullSecrets'] = [
    ...secrets.filter(({ name }) => name !== pullSecret),
    { name: pullSecret },
  ];
  return copy;
}
