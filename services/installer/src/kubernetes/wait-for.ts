import { type KindRef, type KubeObject, groupOf } from '@cnap/kubernetes';

import { waitAnnotation } from './owned-object.ts';
import { hasWebhooks } from './webhook-health.ts';

/** What RUNNING does not wait for by itself. */
export type WaitFor = 'api-services' | 'custom-resources' | 'webhooks';

/** Groups that the API server itself serves; all others come from CRDs, or from APIServices. */
const builtIn = new Set(
  [
    ', apps, autoscaling, batch, policy',
    'admissionregistration.k8s.io, apiextensions.k8s.io, apiregistration.k8s.io, authentication.k8s.io',
    'authorization.k8s.io, certificates.k8s.io, coordination.k8s.io, discovery.k8s.io, events.k8s.io',
    'flowcontrol.apiserver.k8s.io, internal.apiserver.k8s.io, networking.k8s.io, node.k8s.io',
    'rbac.authorization.k8s.io, resource.k8s.io, scheduling.k8s.io, storage.k8s.io, storagemigration.k8s.io',
  ].flatMap((names) => names.split(', ')),
);

/**
 * Objects of a rendered package, each of which says itself whether RUNNING waits for it: where its source says so, and
 * the chart says nothing else.
 * @param rendered `sources`: the template of each object, `cnap-package/charts/<alias>/…`
 */
export function withWaits(
  rendered: { objects: readonly KubeObject[]; sources: readonly (string | undefined)[] },
  sources: readonly { alias: string; waitFor: readonly WaitFor[] }[],
): KubeObject[] {
  const waits = new Map(sources.map(({ alias, waitFor }) => [alias, waitFor]));
  return rendered.objects.map((object, index) => {
    const alias = /^[^/]+\/charts\/([^/]+)\//.exec(rendered.sources[index] ?? '')?.[1] ?? '';
    const what = whatItIs(object);
    return what !== undefined && waits.get(alias)?.includes(what) ? waitedFor(object) : object;
  });
}

function whatItIs({ apiVersion, kind }: KindRef): WaitFor | undefined {
  const group = groupOf(apiVersion);
  if (hasWebhooks({ apiVersion, kind })) return 'webhooks';
  if (group === 'apiregistration.k8s.io' && kind === 'APIService') return 'api-services';
  return builtIn.has(group) ? undefined : 'custom-resources';
}

function waitedFor(object: KubeObject): KubeObject {
  const { annotations } = object.metadata;
  if (annotations?.[waitAnnotation] !== undefined) return object;
  const metadata = { ...object.metadata, annotations: { ...annotations, [waitAnnotation]: 'true' } };
  return { ...object, metadata };
}
