// How Helm keeps its releases: https://github.com/helm/helm/blob/main/pkg/storage/driver/secrets.go
import { gunzipSync } from 'node:zlib';
import { type Hook, hookOf, parseManifests } from '@cnap/helm';
import { type Cluster, type KubeObject, inParallel } from '@cnap/kubernetes';

import { inventoryEntry, plannedEntry } from './owned-object.ts';
import type { HelmRelease, InventoryEntry, Target } from './port.ts';

type Stored = {
  version: number;
  config?: Record<string, unknown>;
  manifest?: string;
  hooks?: { manifest: string; path?: string }[];
};

/** The release that is deployed; undefined when there is none. */
export async function readHelmRelease(
  cluster: Cluster,
  target: Target,
  signal: AbortSignal,
): Promise<HelmRelease | undefined> {
  const { namespace, releaseName } = target;
  const labelSelector = `owner=helm,name=${releaseName}`;
  const records = await cluster.list(
    { apiVersion: 'v1', kind: 'Secret' },
    { namespace, labelSelector, signal },
  );
  const current = records.find(({ metadata }) => metadata.labels?.['status'] === 'deployed');
  const text = (current?.['data'] as { release?: string } | undefined)?.release;
  if (text === undefined) return undefined;
  const { version, config = {}, manifest = '', hooks = [] } = decoded(text);
  const objects = parseManifests(manifest).map(({ object }) => object);
  return {
    revision: version,
    values: config,
    objects,
    hooks: hooks.flatMap(hooksIn),
    inventory: [
      ...(await entriesOf(cluster, target, objects, signal)),
      ...records.map((record) => inventoryEntry({ ...record, apiVersion: 'v1', kind: 'Secret' })),
    ],
  };
}

// Base64 of Kubernetes around base64 of Helm around gzip.
const decoded = (text: string): Stored => {
  const inner = Buffer.from(Buffer.from(text, 'base64').toString(), 'base64');
  return JSON.parse(gunzipSync(inner, { maxOutputLength: 64 * 1024 * 1024 }).toString()) as Stored;
};

const hooksIn = ({ manifest, path }: { manifest: string; path?: string }): Hook[] =>
  parseManifests(manifest).flatMap(({ object }) => hookOf(object, path) ?? []);

async function entriesOf(
  cluster: Cluster,
  target: Target,
  objects: KubeObject[],
  signal: AbortSignal,
): Promise<InventoryEntry[]> {
  return inParallel(objects, 6, async (object) => {
    const { namespaced } = await cluster.resource(object);
    const entry = plannedEntry(object, target, namespaced);
    const found = await cluster.get(entry, signal);
    return { ...entry, uid: found?.metadata.uid ?? '' };
  });
}

type ManagedFields = { manager: string; operation: string; subresource?: string; fieldsV1?: object };

/**
 * Makes what Helm applied ours, field by field, so that applying takes away what is not in the manifests any more.
 * Nothing happens to an object that Helm has nothing of.
 */
export async function takeFieldsOver(
  cluster: Cluster,
  object: KubeObject,
  manager: string,
  signal: AbortSignal,
): Promise<void> {
  const { managedFields, resourceVersion } = object.metadata as KubeObject['metadata'] & {
    managedFields?: ManagedFields[];
  };
  const isHelms = (one: ManagedFields) => one.manager === 'helm' && !one.subresource;
  const [taken] = managedFields?.filter(isHelms) ?? [];
  if (!managedFields || !taken) return;
  const isOurs = (one: ManagedFields) => one.manager === manager && one.operation === 'Apply';
  const all = managedFields.filter((one) => isHelms(one) || isOurs(one));
  const fieldsV1 = all.reduce<object>((sum, one) => union(sum, one.fieldsV1 ?? {}), {});
  const others = managedFields.filter((one) => !all.includes(one));
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    {
      op: 'replace',
      path: '/metadata/managedFields',
      value: [...others, { ...taken, manager, operation: 'Apply', fieldsV1 }],
    },
  ];
  const { apiVersion, kind } = object;
  const { name, namespace } = object.metadata;
  await cluster.patch({ apiVersion, kind, name, namespace }, patch, { type: 'json', signal });
}

function union(a: object, b: object): object {
  const sum = new Map<string, object>(Object.entries(a));
  for (const [key, value] of Object.entries(b) as [string, object][]) {
    sum.set(key, union(sum.get(key) ?? {}, value));
  }
  return Object.fromEntries(sum);
}
