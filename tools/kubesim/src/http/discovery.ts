import type { Cluster } from '../api/cluster.ts';
import type { Kind } from '../kinds/kind.ts';
import { apiVersionOf } from '../kinds/kind.ts';
import type { Fields } from '../objects/object.ts';
import type { Exchange } from './exchange.ts';
import { sendJson, sendText } from './exchange.ts';

export const versionInfo = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.3+kubesim',
  gitCommit: 'kubesim',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: `${process.platform}/${process.arch}`,
};

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

const verbsOf = (kind: Kind): string[] => (kind.answers ? ['create'] : allVerbs);

const subresourceKind: Record<string, { group: string; version: string; kind: string; verbs: string[] }> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
};

const subresourceOf = (
  kind: Kind,
  name: string,
): { group: string; version: string; kind: string; verbs: string[] } =>
  subresourceKind[name] ?? {
    group: kind.group,
    version: kind.version,
    kind: kind.kind,
    verbs: name === 'log' ? ['get'] : name === 'finalize' ? ['update'] : ['get', 'patch', 'update'],
  };

function resources(kinds: Kind[]): Fields[] {
  return kinds.flatMap((kind) => [
    {
      name: kind.resource,
      singularName: kind.singular,
      namespaced: kind.namespaced,
      kind: kind.kind,
      verbs: verbsOf(kind),
      ...(kind.shortNames?.length ? { shortNames: kind.shortNames } : {}),
      ...(kind.categories?.length ? { categories: kind.categories } : {}),
    },
    ...(kind.subresources ?? []).map((name) => {
      const served = subresourceOf(kind, name);
      return { name: `${kind.resource}/${name}`, singularName: '', namespaced: kind.namespaced, ...served };
    }),
  ]);
}

function aggregated(kinds: Kind[]): Fields[] {
  return kinds.map((kind) => ({
    resource: kind.resource,
    // Empty means the group and version that it stands under.
    responseKind: { group: '', version: '', kind: kind.kind },
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(kind),
    ...(kind.shortNames?.length ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories?.length ? { categories: kind.categories } : {}),
    ...(kind.subresources?.length
      ? {
          subresources: kind.subresources.map((name) => {
            const { verbs, ...served } = subresourceOf(kind, name);
            const isOwn = served.group === kind.group && served.version === kind.version;
            const responseKind = isOwn ? { ...served, group: '', version: '' } : served;
            return { subresource: name, responseKind, verbs };
          }),
        }
      : {}),
  }));
}

/** `/api`, `/apis` and below, down to the list of a version's resources. */
export function sendDiscovery(cluster: Cluster, exchange: Exchange): void {
  const { path, response, request } = exchange;
  const parts = path.split('/').filter(Boolean);
  const groups = new Map<string, Map<string, Kind[]>>();
  for (const kind of cluster.registry.all()) {
    const versions = groups.get(kind.group) ?? new Map<string, Kind[]>();
    groups.set(kind.group, versions);
    versions.set(kind.version, [...(versions.get(kind.version) ?? []), kind]);
  }
  const isCore = parts[0] === 'api';
  const isRoot = parts.length === 1;
  const aggregate = /g=apidiscovery\.k8s\.io;v=(v2)(beta1)?;as=APIGroupDiscoveryList/.exec(
    request.headers.accept ?? '',
  );
  if (isRoot && aggregate) {
    const version = `v2${aggregate[2] ?? ''}`;
    const served = [...groups].filter(([group]) => (group === '') === isCore);
    const items = served.map(([group, versions]) => ({
      metadata: group ? { name: group, creationTimestamp: null } : { creationTimestamp: null },
      versions: [...versions].map(([name, kinds]) => ({
        version: name,
        resources: aggregated(kinds),
        freshness: 'Current',
      })),
    }));
    const body = {
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items,
    };
    sendJson(
      response,
      200,
      body,
      `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    );
    return;
  }
  const groupBody = (name: string, versions: Map<string, Kind[]>): Fields => {
    const list = [...versions.keys()].map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions: list, preferredVersion: list[0] };
  };
  if (isCore && isRoot) {
    const address = { clientCIDR: '0.0.0.0/0', serverAddress: request.headers.host ?? '' };
    sendJson(response, 200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [address] });
    return;
  }
  if (isRoot) {
    const list = [...groups].filter(([name]) => name).map(([name, versions]) => groupBody(name, versions));
    sendJson(response, 200, { kind: 'APIGroupList', apiVersion: 'v1', groups: list });
    return;
  }
  const group = isCore ? '' : (parts[1] ?? '');
  const versions = groups.get(group);
  if (!isCore && parts.length === 2 && versions) {
    sendJson(response, 200, { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group, versions) });
    return;
  }
  const kinds = versions?.get((isCore ? parts[1] : parts[2]) ?? '');
  const [first] = kinds ?? [];
  if (!kinds || !first || parts.length !== (isCore ? 2 : 3))
    return sendText(response, 404, '404 page not found\n', 'text/plain; charset=utf-8');
  sendJson(response, 200, {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf(first),
    resources: resources(kinds),
  });
}
