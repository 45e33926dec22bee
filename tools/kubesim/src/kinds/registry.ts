import type { KubeObject } from '../objects/object.ts';
import { accessKinds } from './access/index.ts';
import { admissionKinds } from './admission/index.ts';
import { apiExtensionsKinds } from './apiextensions/index.ts';
import { kindsOfDefinition } from './apiextensions/custom.ts';
import { apiRegistrationKinds } from './apiregistration/index.ts';
import { appsKinds } from './apps/index.ts';
import { autoscalingKinds } from './autoscaling/index.ts';
import { batchKinds } from './batch/index.ts';
import { coordinationKinds } from './coordination/index.ts';
import { coreKinds } from './core/index.ts';
import { discoveryKinds } from './discovery/index.ts';
import type { Kind, StorageKey } from './kind.ts';
import { apiVersionOf, storageKey } from './kind.ts';
import { networkingKinds } from './networking/index.ts';
import { policyKinds } from './policy/index.ts';
import { rbacKinds } from './rbac/index.ts';
import { schedulingKinds } from './scheduling/index.ts';
import { storageKinds } from './storage/index.ts';

const builtIn: readonly Kind[] = [
  ...coreKinds,
  ...apiRegistrationKinds,
  ...appsKinds,
  ...accessKinds,
  ...autoscalingKinds,
  ...batchKinds,
  ...networkingKinds,
  ...policyKinds,
  ...rbacKinds,
  ...storageKinds,
  ...admissionKinds,
  ...apiExtensionsKinds,
  ...schedulingKinds,
  ...coordinationKinds,
  ...discoveryKinds,
];

/** The kinds served now: the built-in ones and those of the CRDs that are there. */
export interface Registry {
  all(): Iterable<Kind>;
  find(group: string, version: string, resource: string): Kind | undefined;
  /** the kind under which objects of this storage are kept */
  ofStorage(key: StorageKey): Kind | undefined;
  byApiVersion(apiVersion: string, kind: string): Kind | undefined;
  define(definition: KubeObject): void;
  /** the storage keys that are no longer served */
  undefine(name: string): StorageKey[];
}

export function createRegistry(): Registry {
  const byPath = new Map<string, Kind>();
  const byStorage = new Map<StorageKey, Kind>();
  const byName = new Map<string, Kind>();
  const path = (group: string, version: string, resource: string): string =>
    `${group}/${version}/${resource}`;
  const add = (kind: Kind): void => {
    byPath.set(path(kind.group, kind.version, kind.resource), kind);
    byName.set(`${apiVersionOf(kind)}/${kind.kind}`, kind);
    if (!byStorage.has(storageKey(kind))) byStorage.set(storageKey(kind), kind);
  };
  builtIn.forEach(add);
  const undefine = (name: string): StorageKey[] => {
    const gone = [...byPath].filter(([, kind]) => kind.crd === name);
    for (const [key, kind] of gone) {
      byPath.delete(key);
      byName.delete(`${apiVersionOf(kind)}/${kind.kind}`);
      byStorage.delete(storageKey(kind));
    }
    return [...new Set(gone.map(([, kind]) => storageKey(kind)))];
  };
  return {
    all: () => byPath.values(),
    find: (group, version, resource) => byPath.get(path(group, version, resource)),
    ofStorage: (key) => byStorage.get(key),
    byApiVersion: (apiVersion, kind) => byName.get(`${apiVersion}/${kind}`),
    define(definition) {
      undefine(definition.metadata.name);
      kindsOfDefinition(definition).forEach(add);
    },
    undefine,
  };
}
