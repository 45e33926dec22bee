import { admit } from '../admission/admission.ts';
import { deleteObject } from '../api/delete.ts';
import { patchObject } from '../api/patch.ts';
import { updateObject } from '../api/write.ts';
import { below, storageKey } from '../kinds/kind.ts';
import type { Fields, KubeObject } from '../objects/object.ts';
import { fieldsOf, textOf, timestamp } from '../objects/object.ts';
import { modified, pathNotFound, StatusError } from '../objects/status-error.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { selectorText } from '../kinds/columns.ts';
import { parse } from '../storage/store.ts';
import type { Exchange } from './exchange.ts';
import { readBody, sendJson } from './exchange.ts';
import { sendLog } from './log.ts';
import type { ResourcePath } from './path.ts';
import {
  bodyObject,
  deleteOptions,
  entryAt,
  fieldManagerOf,
  verbOf,
  writeOptions,
} from './resource-request.ts';
import type { Services } from './services.ts';
import { targetOf } from '../api/write.ts';

export async function handleSubresource(
  services: Services,
  path: ResourcePath,
  exchange: Exchange,
): Promise<void> {
  const name = path.subresource;
  if (!path.kind.subresources?.some((known) => known === name)) throw pathNotFound();
  switch (name) {
    case 'log':
      return sendLog(services, path, exchange);
    case 'scale':
      return handleScale(services, path, exchange);
    case 'eviction': {
      const body = fieldsOf(await readBody(exchange.request));
      deleteObject(
        services.cluster,
        path.kind,
        entryAt(services, path),
        deleteOptions(exchange.query, body['deleteOptions']),
      );
      return sendJson(exchange.response, 201, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
      });
    }
    case 'finalize': {
      const object = await bodyObject(exchange);
      const entry = entryAt(services, path);
      const live = parse(entry);
      if (
        object.metadata.resourceVersion &&
        object.metadata.resourceVersion !== live.metadata.resourceVersion
      ) {
        throw modified(targetOf(path.kind, path.name));
      }
      live['spec'] = object['spec'] ?? {};
      return sendJson(
        exchange.response,
        200,
        updateObject(services.cluster, path.kind, entry, live, { admit }),
      );
    }
    default:
      return createToken(services, path, exchange);
  }
}

async function createToken(
  { cluster, tokens }: Services,
  path: ResourcePath,
  exchange: Exchange,
): Promise<void> {
  entryAt({ cluster } as Services, path);
  const { namespace, name } = path;
  const spec = fieldsOf(fieldsOf(await readBody(exchange.request))['spec']);
  const seconds = Number(spec['expirationSeconds'] ?? 3_600);
  const token = tokens.mint(serviceAccountUser(namespace, name));
  sendJson(exchange.response, 201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: timestamp(cluster.now()) },
    spec: { ...spec, expirationSeconds: seconds },
    status: { token, expirationTimestamp: timestamp(cluster.now() + seconds * 1000) },
  });
}

export const serviceAccountUser = (namespace: string, name: string) => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  serviceAccount: { namespace, name },
});

function scaleOf(object: KubeObject): Fields {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = fieldsOf(object['spec']);
  const selector = selectorText(spec['selector']);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec['replicas'] ? { replicas: Number(spec['replicas']) } : {},
    status: { replicas: Number(fieldsOf(object['status'])['replicas'] ?? 0), selector },
  };
}

async function handleScale(services: Services, path: ResourcePath, exchange: Exchange): Promise<void> {
  const { cluster } = services;
  const entry = entryAt(services, path);
  const object = parse(entry);
  const verb = verbOf(exchange.method, path, exchange.query);
  if (verb === 'get') return sendJson(exchange.response, 200, scaleOf(object));
  const body = await readBody(exchange.request);
  const type = exchange.request.headers['content-type'] ?? '';
  const scale = scaleOf(object);
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
    return sendJson(exchange.response, 200, scaleOf(applied));
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
  below(object, 'spec')['replicas'] = replicas;
  const current = cluster.store.get(storageKey(path.kind), path.namespace, path.name) ?? entry;
  const scaled = updateObject(cluster, path.kind, current, object, writeOptions(services, exchange, 'scale'));
  sendJson(exchange.response, 200, scaleOf(scaled));
}
