import type { Target } from './target.ts';

/** A case runs in a namespace of its own, which exists when it starts. */
export type Case = (target: Target, namespace: string) => Promise<void>;

export const applyType = { 'content-type': 'application/apply-patch+yaml' };
export const mergeType = { 'content-type': 'application/merge-patch+json' };
export const strategicType = { 'content-type': 'application/strategic-merge-patch+json' };

export const deployment = (name: string, more: object = {}, image = 'nginx:1') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image }] } },
    ...more,
  },
});

export const configMap = (name: string, data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

/** The path of a collection, or of one object: `within(ns, 'deployments.apps/v1', 'web')`. */
export function within(namespace: string, resource: string, name = ''): string {
  const [plural = '', ...group] = resource.split('.');
  const root = group.length > 0 ? `/apis/${group.join('.')}` : '/api/v1';
  return `${root}/namespaces/${namespace}/${plural}${name && `/${name}`}`;
}

export const apply = (target: Target, path: string, manager: string, body: object, force = false) =>
  target.call('PATCH', `${path}?fieldManager=${manager}&force=${force}`, body, applyType);
