import { escalationCheck } from '../access/escalation.ts';
import { admit } from '../admission/admission.ts';
import type { DeleteOptions } from '../api/delete.ts';
import type { WriteOptions } from '../api/write.ts';
import { targetOf } from '../api/write.ts';
import { storageKey } from '../kinds/kind.ts';
import type { KubeObject } from '../objects/object.ts';
import { fieldsOf, isFields, textOf } from '../objects/object.ts';
import { badRequest, notFound } from '../objects/status-error.ts';
import type { Entry } from '../storage/store.ts';
import type { Exchange } from './exchange.ts';
import { readBody } from './exchange.ts';
import type { ResourcePath } from './path.ts';
import type { Services } from './services.ts';

export const verbOf = (method: string, path: ResourcePath, query: URLSearchParams): string => {
  const watching = query.get('watch') === 'true' || query.get('watch') === '1';
  if (method === 'GET' || method === 'HEAD') return watching ? 'watch' : path.name ? 'get' : 'list';
  if (method === 'POST') return 'create';
  if (method === 'PUT') return 'update';
  if (method === 'PATCH') return 'patch';
  return path.name ? 'delete' : 'deletecollection';
};

/** `?fieldManager=` or, as Kubernetes does it, what comes before the slash of the user agent. */
export const fieldManagerOf = ({ query, request }: Exchange): string =>
  query.get('fieldManager') || (request.headers['user-agent'] ?? 'unknown').split('/')[0] || 'unknown';

export function writeOptions(services: Services, exchange: Exchange, subresource?: string): WriteOptions {
  return {
    fieldManager: fieldManagerOf(exchange),
    dryRun: exchange.query.getAll('dryRun').includes('All'),
    subresource: subresource || undefined,
    admit(request) {
      escalationCheck(services.authorizer, exchange.user, request);
      admit(request);
    },
  };
}

export const entryAt = ({ cluster }: Services, { kind, namespace, name }: ResourcePath): Entry => {
  const entry = cluster.store.get(storageKey(kind), namespace, name);
  if (!entry) throw notFound(targetOf(kind, name));
  return entry;
};

export async function bodyObject(exchange: Exchange): Promise<KubeObject> {
  const body = await readBody(exchange.request);
  if (!isFields(body)) throw badRequest('the body of the request must be an object');
  return body as KubeObject;
}

export function deleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const sent = fieldsOf(body);
  const policy = textOf(sent['propagationPolicy']) || query.get('propagationPolicy') || undefined;
  const orphan = sent['orphanDependents'] === true || query.get('orphanDependents') === 'true';
  const grace = sent['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds');
  const wanted = fieldsOf(sent['preconditions']);
  return {
    propagationPolicy: (policy ?? (orphan ? 'Orphan' : undefined)) as DeleteOptions['propagationPolicy'],
    gracePeriodSeconds: grace === undefined || grace === null ? undefined : Number(grace),
    preconditions: {
      uid: textOf(wanted['uid']) || undefined,
      resourceVersion: textOf(wanted['resourceVersion']) || undefined,
    },
    dryRun:
      query.getAll('dryRun').includes('All') ||
      (Array.isArray(sent['dryRun']) && sent['dryRun'].includes('All')),
  };
}
