import type { KubeObject } from '@cnap/kubernetes';
import type { Endpoint } from '../database.ts';

type Rule = { host?: string };
type IngressSpec = { rules?: Rule[]; tls?: { hosts?: string[] }[] };

/** Where an install can be reached, from what it applied: hosts of Ingresses and HTTPRoutes. */
export function endpointsOf(objects: readonly KubeObject[]): Endpoint[] {
  return objects.flatMap((object): Endpoint[] => {
    if (object.kind === 'Ingress') {
      const spec = (object['spec'] ?? {}) as IngressSpec;
      const secure = new Set(spec.tls?.flatMap((tls) => tls.hosts ?? []));
      const hosts = (spec.rules ?? []).flatMap((rule) => rule.host ?? []);
      return hosts.map((host) => ({
        url: `${secure.has(host) ? 'https' : 'http'}://${host}`,
        kind: 'Ingress',
        ready: true,
      }));
    }
    if (object.kind === 'HTTPRoute') {
      const { hostnames = [] } = (object['spec'] ?? {}) as { hostnames?: string[] };
      return hostnames.map((host) => ({ url: `https://${host}`, kind: 'HTTPRoute', ready: true }));
    }
    return [];
  });
}
