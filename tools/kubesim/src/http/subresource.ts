import { admit } from '../admission/admission.ts';
import { deleteObject } from '../api/delete.ts';
import { updateObject } from '../api/write.ts';
import { fieldsOf, timestamp } from '../objects/object.ts';
import { modified, pathNotFound } from '../objects/status-error.ts';
import { parse } from '../storage/store.ts';
import type { Exchange } from './exchange.ts';
import { readBody, sendJson } from './exchange.ts';
import { sendLog } from './log.ts';
import type { ResourcePath } from './path.ts';
import { bodyObject, deleteOptions, entryAt } from './resource-request.ts';
import { handleScale } from './scale.ts';
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
