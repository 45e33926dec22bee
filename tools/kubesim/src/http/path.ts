import type { Kind } from '../kinds/kind.ts';
import type { Registry } from '../kinds/registry.ts';

/** A request's path as a resource: what it names and how far. */
export interface ResourcePath {
  kind: Kind;
  namespace: string;
  name: string;
  subresource: string;
}

export function resourcePath(path: string, registry: Registry): ResourcePath | undefined {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return undefined;
  const [group = '', version = ''] = core ? ['', parts[1]] : [parts[1], parts[2]];
  const rest = parts.slice(core ? 2 : 3);
  // /namespaces/x/pods/… is a namespaced resource; /namespaces/x and /namespaces/x/status are the namespace.
  const scoped =
    rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2] ?? '');
  const [resource = '', name = '', ...subresource] = scoped ? rest.slice(2) : rest;
  const kind = registry.find(group, version, resource);
  if (!kind || (scoped && !kind.namespaced)) return undefined;
  return { kind, namespace: scoped ? (rest[1] ?? '') : '', name, subresource: subresource.join('/') };
}
