/** The part of `metadata` that is read here; everything else an object carries is kept as it is. */
export type ObjectMeta = {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  [field: string]: unknown;
};

/** Any Kubernetes object, as JSON. */
export type KubeObject = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
};

/** A kind, in one version. */
export type KindRef = { apiVersion: string; kind: string };

/** What names an object; `namespace` is absent for cluster-wide kinds. */
export type ObjectRef = KindRef & { name: string; namespace?: string | undefined };

/** `apps/v1` → `apps`; the core group is the empty string. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** The ref of an object. */
export function refOf(object: KubeObject): ObjectRef {
  const { name, namespace } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** Tells objects apart whatever version of their group they are written in: `apps/Deployment/shop/web`. */
export function objectKey(ref: ObjectRef): string {
  return `${groupOf(ref.apiVersion)}/${ref.kind}/${ref.namespace ?? ''}/${ref.name}`;
}

/** For people: `Deployment shop/web`, `ClusterRole reader`. */
export function describeRef(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;
}

/** The kinds that a CustomResourceDefinition makes the cluster serve; none for any other object. */
export function kindsOfCrd(crd: KubeObject): KindRef[] {
  if (crd.kind !== 'CustomResourceDefinition') return [];
  const { group, names, versions } = (crd['spec'] ?? {}) as {
    group?: string;
    names?: { kind?: string };
    versions?: { name: string; served?: boolean }[];
  };
  const served = (versions ?? []).filter((version) => version.served !== false);
  return served.map(({ name }) => ({ apiVersion: `${group}/${name}`, kind: names?.kind ?? '' }));
}
