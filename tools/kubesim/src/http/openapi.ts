import type { Cluster } from '../api/cluster.ts';
import type { Kind } from '../kinds/kind.ts';
import { apiVersionOf } from '../kinds/kind.ts';
import type { Fields } from '../objects/object.ts';
import { pathNotFound } from '../objects/status-error.ts';
import type { Exchange } from './exchange.ts';
import { sendJson } from './exchange.ts';

/**
 * No schemas. Only what kubectl and helm look for before they send a manifest: that writes of a kind
 * take `fieldValidation`, so that they leave validation to the server.
 */
export function sendOpenApi(cluster: Cluster, exchange: Exchange): void {
  const { path, response } = exchange;
  const versions = new Map<string, Kind[]>();
  for (const kind of cluster.registry.all()) {
    const name = kind.group ? `apis/${kind.group}/${kind.version}` : `api/${kind.version}`;
    versions.set(name, [...(versions.get(name) ?? []), kind]);
  }
  if (path === '/openapi/v3') {
    const paths = Object.fromEntries(
      [...versions.keys()].map((name) => [name, { serverRelativeURL: `/openapi/v3/${name}` }]),
    );
    sendJson(response, 200, { paths });
    return;
  }
  const kinds = versions.get(path.replace(/^\/openapi\/v3\//, ''));
  if (!kinds) throw pathNotFound();
  const query = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string' },
  }));
  const operation = (kind: Kind, action: string): Fields => ({
    parameters: query,
    responses: { '200': { description: 'OK' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
  });
  const paths: Fields = {};
  for (const kind of kinds) {
    const base = `${kind.group ? '/apis' : '/api'}/${apiVersionOf(kind)}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.resource}`;
    paths[base] = { post: operation(kind, 'post') };
    paths[`${base}/{name}`] = { put: operation(kind, 'put'), patch: operation(kind, 'patch') };
  }
  sendJson(response, 200, {
    openapi: '3.0.0',
    info: { title: 'kubesim', version: 'v1.36.3' },
    paths,
    components: { schemas: {} },
  });
}
