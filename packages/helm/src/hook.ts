import type { KubeObject } from '@cnap/kubernetes';

// https://helm.sh/docs/topics/charts_hooks/
const events = [
  'pre-install',
  'post-install',
  'pre-upgrade',
  'post-upgrade',
  'pre-delete',
  'post-delete',
  'pre-rollback',
  'post-rollback',
  'test',
] as const;
const policies = ['before-hook-creation', 'hook-succeeded', 'hook-failed'] as const;

export type HookEvent = (typeof events)[number];
export type HookDeletePolicy = (typeof policies)[number];

export type Hook = {
  object: KubeObject;
  source: string | undefined;
  events: HookEvent[];
  weight: number;
  deletePolicies: HookDeletePolicy[];
};

/** The hook an object is, or undefined for an ordinary object. Helm's defaults are filled in. */
export function hookOf(object: KubeObject, source: string | undefined): Hook | undefined {
  const annotations = object.metadata.annotations ?? {};
  const words = listOf(annotations['helm.sh/hook']);
  if (words.length === 0) return undefined;
  const wanted = words.map((word) => (word === 'test-success' || word === 'test-failure' ? 'test' : word));
  const chosen = policies.filter((policy) =>
    listOf(annotations['helm.sh/hook-delete-policy']).includes(policy),
  );
  return {
    object,
    source,
    events: events.filter((event) => wanted.includes(event)),
    weight: Number.parseInt(annotations['helm.sh/hook-weight'] ?? '0', 10) || 0,
    deletePolicies: chosen.length > 0 ? chosen : ['before-hook-creation'],
  };
}

function listOf(text: string | undefined): string[] {
  return String(text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
