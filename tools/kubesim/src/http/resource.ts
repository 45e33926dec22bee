import { answerReview } from '../access/reviews.ts';
import { deleteObject } from '../api/delete.ts';
import { patchObject } from '../api/patch.ts';
import { checkBody, createObject, updateObject } from '../api/write.ts';
import { storageKey } from '../kinds/kind.ts';
import type { KubeObject } from '../objects/object.ts';
import { methodNotAllowed } from '../objects/status-error.ts';
import { parse } from '../storage/store.ts';
import type { Exchange } from './exchange.ts';
import { readBody, sendJson, sendText } from './exchange.ts';
import { filterOf, sendList } from './list.ts';
import type { ResourcePath } from './path.ts';
import { represent, representationOf, textOfEntry } from './represent.ts';
import type { Services } from './services.ts';
import {
  bodyObject,
  deleteOptions,
  entryAt,
  fieldManagerOf,
  verbOf,
  writeOptions,
} from './resource-request.ts';
import { handleSubresource } from './subresource.ts';

export async function handleResource(
  services: Services,
  path: ResourcePath,
  exchange: Exchange,
): Promise<void> {
  const { cluster } = services;
  const { kind, namespace, name } = path;
  const { query, request, response } = exchange;
  if (path.subresource && path.subresource !== 'status') return handleSubresource(services, path, exchange);
  const how = representationOf(request.headers.accept);
  const answer = (code: number, object: KubeObject): void =>
    sendJson(response, code, represent(object, kind, how, cluster.now(), query.get('includeObject')));
  const verb = verbOf(exchange.method, path, query);
  if (kind.answers) {
    if (verb !== 'create') throw methodNotAllowed();
    const review = answerReview(
      kind,
      await bodyObject(exchange),
      exchange.user,
      services.authorizer,
      services.tokens,
    );
    return sendJson(response, 201, review);
  }
  if (!name && (verb === 'update' || verb === 'patch')) throw methodNotAllowed();
  switch (verb) {
    case 'watch':
      return services.watches.open(path, exchange);
    case 'list':
      return sendList(cluster, path, exchange);
    case 'get': {
      const entry = entryAt(services, path);
      if (how === 'object') return sendText(response, 200, textOfEntry(entry, kind), 'application/json');
      return answer(200, parse(entry));
    }
    case 'create': {
      if (name || (kind.namespaced && !namespace)) throw methodNotAllowed();
      const object = await bodyObject(exchange);
      checkBody(kind, namespace, undefined, object);
      return answer(201, createObject(cluster, kind, namespace, object, writeOptions(services, exchange)));
    }
    case 'update': {
      const object = await bodyObject(exchange);
      checkBody(kind, namespace, name, object);
      const entry = entryAt(services, path);
      return answer(
        200,
        updateObject(cluster, kind, entry, object, writeOptions(services, exchange, path.subresource)),
      );
    }
    case 'patch': {
      const options = writeOptions(services, exchange, path.subresource);
      const contentType = request.headers['content-type'] ?? '';
      const body = await readBody(request);
      if (contentType.startsWith('application/apply-patch')) mustBeAllowedToCreate(services, path, exchange);
      const { object, created } = patchObject(cluster, {
        kind,
        namespace,
        name,
        contentType,
        body,
        fieldManager: fieldManagerOf(exchange),
        named: query.get('fieldManager') !== null,
        force: query.get('force') === 'true',
        dryRun: options.dryRun ?? false,
        subresource: options.subresource,
        admit: options.admit,
      });
      return answer(created ? 201 : 200, object);
    }
    case 'delete': {
      const options = deleteOptions(query, await readBody(request));
      const { object, removed } = deleteObject(cluster, kind, entryAt(services, path), options);
      if (!removed || kind.resource === 'pods') return answer(200, object);
      const details = {
        name,
        ...(kind.group ? { group: kind.group } : {}),
        kind: kind.resource,
        uid: object.metadata.uid,
      };
      return sendJson(response, 200, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details,
      });
    }
    default: {
      const options = deleteOptions(query, await readBody(request));
      const filter = filterOf(query, kind, '');
      const entries = cluster.store
        .list(storageKey(kind), namespace)
        .filter((entry) => filter?.(entry) ?? true);
      const items = entries.map((entry) => deleteObject(cluster, kind, entry, options).object);
      const apiVersion = kind.group ? `${kind.group}/${kind.version}` : kind.version;
      return sendJson(response, 200, {
        kind: `${kind.kind}List`,
        apiVersion,
        metadata: { resourceVersion: `${cluster.store.version()}` },
        items,
      });
    }
  }
}

/** What an apply would make, one must be allowed to make. */
function mustBeAllowedToCreate(
  { cluster, authorizer }: Services,
  path: ResourcePath,
  { user }: Exchange,
): void {
  const { kind, namespace, name, subresource } = path;
  if (cluster.store.get(storageKey(kind), namespace, name)) return;
  authorizer.check(user, {
    verb: 'create',
    group: kind.group,
    resource: kind.resource,
    subresource,
    namespace,
    name,
  });
}
