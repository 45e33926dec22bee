import { admit } from '../admission/admission.ts';
import { patchObject } from '../api/patch.ts';
import { targetOf, updateObject } from '../api/write.ts';
import { at, selectorText } from '../kinds/columns.ts';
import type { Kind } from '../kinds/kind.ts';
import { below, storageKey } from '../kinds/kind.ts';
import type { Fields, KubeObject } from '../objects/object.ts';
import { fieldsOf, textOf } from '../objects/object.ts';
import { modified, StatusError } from '../objects/status-error.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { parse } from '../storage/store.ts';
import type { Exchange } from './exchange.ts';
import { readBody, sendJson } from './exchange.ts';
import type { ResourcePath } from './path.ts';
import { entryAt, fieldManagerOf, verbOf, writeOptions } from './resource-request.ts';
import type { Services } from './services.ts';

const usual = { spec: 'spec.replicas', status: 'status.replicas', selector: '' };

/** `kubectl scale`, autoscalers, and hibernation of custom resources. */
export async function handleScale(services: Services, path: ResourcePath, exchange: Exchange): Promise<void> {
  const { cluster } = services;
  const entry = entryAt(services, path);
  const object = parse(entry);
  const verb = verbOf(exchange.method, path, exchange.query);
  if (verb === 'get') return sendJson(exchange.response, 200, scaleOf(path.kind, object));
  const body = await readBody(exchange.request);
  const type = exchange.request.headers['content-type'] ?? '';
  const scale = scaleOf(path.kind, object);
  if (type.startsWith('application/apply-patch+yaml')) {
    const spec = { replicas: fieldsOf(fieldsOf(body)['spec'])['replicas'] };
    const config = { apiVersion: object.apiVersion, kind: object.kind, metadata: { name: path.name }, spec };
    const { object: applied } = patchObject(cluster, {
      kind: path.kind,
      namespace: path.namespace,
      name: path.name,
      contentType: type,
      body: config,
      fieldManager: fieldManagerOf(exchange),
      named: exchange.query.get('fieldManager') !== null,
      force: exchange.query.get('force') === 'true',
      dryRun: exchange.query.getAll('dryRun').includes('All'),
      subresource: 'scale',
      admit,
    });
    return sendJson(exchange.response, 200, scaleOf(path.kind, applied));
  }
  const wanted = fieldsOf(
    verb === 'update' ? body : Array.isArray(body) ? jsonPatch(scale, body) : mergePatch(scale, body),
  );
  const replicas = Number(fieldsOf(wanted['spec'])['replicas'] ?? 0);
  if (!Number.isInteger(replicas) || replicas < 0) {
    throw new StatusError(
      422,
      'Invalid',
      `Scale.autoscaling "${path.name}" is invalid: spec.replicas: Invalid value: ${replicas}: must be greater than or equal to 0`,
    );
  }
  const version = textOf(fieldsOf(wanted['metadata'])['resourceVersion']);
  if (version && version !== object.metadata.resourceVersion) throw modified(targetOf(path.kind, path.name));
  setReplicas(object, path.kind.scale?.spec ?? usual.spec, replicas);
  const current = cluster.store.get(storageKey(path.kind), path.namespace, path.name) ?? entry;
  const scaled = updateObject(cluster, path.kind, current, object, writeOptions(services, exchange, 'scale'));
  sendJson(exchange.response, 200, scaleOf(path.kind, scaled));
}

function scaleOf({ scale: path = usual, crd }: Kind, object: KubeObject): Fields {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = crd
    ? textOf(path.selector && at(object, path.selector))
    : selectorText(fieldsOf(object['spec'])['selector']);
  const replicas = Number(at(object, path.spec) ?? 0);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas > 0 ? { replicas } : {},
    status: { replicas: Number(at(object, path.status) ?? 0), ...(selector ? { selector } : {}) },
  };
}

function setReplicas(object: KubeObject, path: string, replicas: number): void {
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  steps.reduce<Fields>((place, step) => below(place, step), object)[last] = replicas;
}
