import { targetOf } from '../api/write.ts';
import type { Kind } from '../kinds/kind.ts';
import { storageKey } from '../kinds/kind.ts';
import type { KubeObject } from '../objects/object.ts';
import { fieldsOf, isFields, listOf, textOf } from '../objects/object.ts';
import { quantity, quantityText } from '../objects/quantity.ts';
import { forbidden } from '../objects/status-error.ts';
import { parse } from '../storage/store.ts';
import type { Admission } from './admission.ts';

const countable = new Set([
  'pods',
  'services',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'resourcequotas',
  'replicationcontrollers',
]);

/** What one object takes of the resources a quota can name. */
export function usageOf(kind: Pick<Kind, 'group' | 'resource'>, object: KubeObject): Record<string, number> {
  const usage: Record<string, number> = { [`count/${storageKey(kind)}`]: 1 };
  if (!kind.group && countable.has(kind.resource)) usage[kind.resource] = 1;
  const spec = fieldsOf(object['spec']);
  if (!kind.group && kind.resource === 'services') {
    if (spec['type'] === 'LoadBalancer') usage['services.loadbalancers'] = 1;
    if (spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer')
      usage['services.nodeports'] = listOf(spec['ports']).length;
  }
  if (!kind.group && kind.resource === 'persistentvolumeclaims') {
    const storage = quantity(textOf(fieldsOf(fieldsOf(spec['resources'])['requests'])['storage']) || '0');
    usage['requests.storage'] = storage;
    usage[`${textOf(spec['storageClassName'])}.storageclass.storage.k8s.io/requests.storage`] = storage;
    usage[`${textOf(spec['storageClassName'])}.storageclass.storage.k8s.io/persistentvolumeclaims`] = 1;
  }
  if (kind.group || kind.resource !== 'pods') return usage;
  const phase = fieldsOf(object['status'])['phase'];
  if (phase === 'Succeeded' || phase === 'Failed') return { 'count/pods': 1 };
  for (const item of listOf(spec['containers'])) {
    const resources = fieldsOf(fieldsOf(item)['resources']);
    for (const part of ['requests', 'limits'] as const) {
      for (const [name, value] of Object.entries(fieldsOf(resources[part]))) {
        usage[`${part}.${name}`] = (usage[`${part}.${name}`] ?? 0) + quantity(textOf(value));
        if (part === 'requests') usage[name] = usage[`requests.${name}`] ?? 0;
      }
    }
  }
  return usage;
}

/** Limits that every pod must state when a quota counts them. */
const stated = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

/** Enforced on create, against what `status.used` says, which is charged at once. */
export const quota: Admission = ({ cluster, kind, operation, object, dryRun }) => {
  if (
    !kind.namespaced ||
    operation !== 'CREATE' ||
    kind.resource === 'resourcequotas' ||
    kind.resource === 'events'
  )
    return;
  const entries = cluster.store.list('resourcequotas', object.metadata.namespace);
  if (entries.length === 0) return;
  const target = targetOf(kind, object.metadata.name);
  const usage = usageOf(kind, object);
  for (const entry of entries) {
    const found = parse(entry);
    const hard = fieldsOf(fieldsOf(found['spec'])['hard']);
    if (
      isFields(fieldsOf(found['spec'])['scopeSelector']) ||
      listOf(fieldsOf(found['spec'])['scopes']).length > 0
    )
      continue;
    const status = fieldsOf(found['status']);
    const used = { ...fieldsOf(status['used']) };
    if (kind.resource === 'pods' && !kind.group) {
      const missing = stated.filter((name) => hard[name] !== undefined && usage[name] === undefined);
      if (missing.length > 0) {
        const names = listOf(fieldsOf(object['spec'])['containers']).map((item) =>
          textOf(fieldsOf(item)['name']),
        );
        throw forbidden(
          target,
          `failed quota: ${entry.name}: must specify ${missing.map((name) => `${name} for: ${names.join(',')}`).join('; ')}`,
        );
      }
    }
    const charged = Object.keys(hard).filter((name) => usage[name]);
    const over = charged.filter(
      (name) => quantity(textOf(used[name]) || '0') + (usage[name] ?? 0) > quantity(textOf(hard[name])),
    );
    if (over.length > 0) {
      const pairs = (value: (name: string) => string): string =>
        over
          .toSorted()
          .map((name) => `${name}=${value(name)}`)
          .join(',');
      throw forbidden(
        target,
        `exceeded quota: ${entry.name}, requested: ${pairs((name) => quantityText(usage[name] ?? 0, textOf(hard[name])))}, used: ${pairs((name) => textOf(used[name]) || '0')}, limited: ${pairs((name) => textOf(hard[name]))}`,
      );
    }
    if (charged.length === 0 || dryRun) continue;
    for (const name of charged) {
      used[name] = quantityText(quantity(textOf(used[name]) || '0') + (usage[name] ?? 0), textOf(hard[name]));
    }
    found['status'] = { hard, used };
    cluster.store.put('resourcequotas', found);
  }
};
