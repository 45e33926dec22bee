import { KubernetesError } from './kubernetes-error.ts';
import { type KindRef, groupOf } from './object.ts';
import type { Transport } from './transport.ts';

/** What an API server says about one kind. */
export type ApiResource = {
  apiVersion: string;
  kind: string;
  /** `deployments` */
  plural: string;
  namespaced: boolean;
  verbs: string[];
};

export type ApiKinds = {
  find(kind: KindRef): ApiResource | undefined;
  all: ApiResource[];
  /** `apps/v1` and `apps/v1/Deployment`, as Helm's `Capabilities.APIVersions` wants them. */
  apiVersions: string[];
  /** API groups whose server does not answer at present: `metrics.k8s.io/v1beta1`. */
  unavailable: string[];
};

// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
const aggregated =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;q=0.9';

/** Charts render differently when a kind is there, so a new one must be noticed before it is asked for by name. */
const rememberedMs = 5 * 60_000;

type GroupDiscoveryList = {
  kind: string;
  items: {
    metadata?: { name?: string };
    versions?: {
      version: string;
      freshness?: string;
      resources?: { resource: string; responseKind?: { kind?: string }; scope: string; verbs: string[] }[];
    }[];
  }[];
};

/**
 * Remembers what kinds an API server has, and asks again when a kind is wanted that it did not have. One question
 * serves everybody who waits for it, so nobody's signal ends it; its deadline does.
 */
export class Discovery {
  readonly #transport: Transport;
  #known: Promise<ApiKinds> | undefined;
  #askedAt = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @throws KubernetesError `UnknownKind` when the cluster has no such kind, also after asking again */
  async resource(kind: KindRef): Promise<ApiResource> {
    const before = this.#known;
    const found = (await this.kinds()).find(kind);
    if (found) return found;
    if (this.#known === before && before !== undefined) this.#known = undefined;
    const again = before === undefined ? undefined : (await this.kinds()).find(kind);
    if (again) return again;
    throw new KubernetesError({
      code: 0,
      reason: 'UnknownKind',
      message: `the cluster has no kind ${kind.kind} in ${kind.apiVersion}`,
    });
  }

  /** Everything the API server has; remembered for five minutes, or until {@link forget}. */
  async kinds(): Promise<ApiKinds> {
    if (performance.now() - this.#askedAt > rememberedMs) this.#known = undefined;
    if (!this.#known) this.#askedAt = performance.now();
    const known = (this.#known ??= this.#ask());
    try {
      return await known;
    } catch (error) {
      if (this.#known === known) this.#known = undefined;
      throw error;
    }
  }

  forget(): void {
    this.#known = undefined;
  }

  async #ask(): Promise<ApiKinds> {
    const lists = await Promise.all(
      ['/api', '/apis'].map((path) =>
        this.#transport.json<GroupDiscoveryList>('GET', path, { accept: aggregated }),
      ),
    );
    return readKinds(lists);
  }
}

function readKinds(lists: GroupDiscoveryList[]): ApiKinds {
  const byKind = new Map<string, ApiResource>();
  const versions: string[] = [];
  const unavailable: string[] = [];
  for (const list of lists) {
    if (list.kind !== 'APIGroupDiscoveryList') {
      throw new KubernetesError({
        code: 0,
        reason: 'BadAnswer',
        message: 'the address answered, but without aggregated discovery (Kubernetes 1.30 and later have it)',
      });
    }
    for (const group of list.items) {
      for (const version of group.versions ?? []) {
        const name = group.metadata?.name ?? '';
        const apiVersion = name === '' ? version.version : `${name}/${version.version}`;
        versions.push(apiVersion);
        if (version.freshness === 'Stale') unavailable.push(apiVersion);
        for (const { resource, responseKind, scope, verbs } of version.resources ?? []) {
          const kind = responseKind?.kind;
          if (kind === undefined || resource.includes('/')) continue;
          byKind.set(`${apiVersion}/${kind}`, {
            apiVersion,
            kind,
            plural: resource,
            namespaced: scope === 'Namespaced',
            verbs,
          });
        }
      }
    }
  }
  return {
    find: ({ apiVersion, kind }) => byKind.get(`${apiVersion}/${kind}`),
    all: [...byKind.values()],
    apiVersions: [...versions, ...byKind.keys()],
    unavailable,
  };
}

/** The path of a kind's collection, or of one object: `/apis/apps/v1/namespaces/shop/deployments/web`. */
export function pathOf(resource: ApiResource, namespace: string | undefined, name?: string): string {
  const { apiVersion, namespaced, plural } = resource;
  const root = groupOf(apiVersion) === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
  const inside = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${inside}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
