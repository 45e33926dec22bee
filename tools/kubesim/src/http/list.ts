import type { Cluster } from '../api/cluster.ts';
import { apiVersionOf, storageKey } from '../kinds/kind.ts';
import type { Kind } from '../kinds/kind.ts';
import { badRequest, gone } from '../objects/status-error.ts';
import { fieldMatcher, labelMatcher } from '../storage/selector.ts';
import type { Entry } from '../storage/store.ts';
import { parse } from '../storage/store.ts';
import type { Exchange } from './exchange.ts';
import { sendJson, sendText } from './exchange.ts';
import type { ResourcePath } from './path.ts';
import { partialMetadata, representationOf, table, textOfEntry } from './represent.ts';

export type EntryFilter = (entry: Entry) => boolean;

/** The label and field selectors of a list, watch or deletecollection. */
export function filterOf(query: URLSearchParams, kind: Kind, name: string): EntryFilter | undefined {
  const labels = query.get('labelSelector');
  const fields = [query.get('fieldSelector'), name ? `metadata.name=${name}` : ''].filter(Boolean).join(',');
  const byLabels = labels ? labelMatcher(labels) : undefined;
  const byFields = fields ? fieldMatcher(fields, kind) : undefined;
  if (!byLabels && !byFields) return undefined;
  return (entry) => (byLabels?.(entry.labels) ?? true) && (byFields?.(entry) ?? true);
}

interface ContinueToken {
  version: number;
  after: [namespace: string, name: string];
}

function readContinue(text: string | null): ContinueToken | undefined {
  if (!text) return undefined;
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as ContinueToken;
  } catch {
    throw badRequest('continue key is not valid');
  }
}

/** Pages are read from the present state under the version of the first page. */
export function sendList(cluster: Cluster, path: ResourcePath, exchange: Exchange): void {
  const { kind, namespace } = path;
  const { query } = exchange;
  const filter = filterOf(query, kind, path.name);
  const token = readContinue(query.get('continue'));
  if (token && cluster.store.since(storageKey(kind), token.version) === undefined) {
    throw gone('The provided continue parameter is too old to display a consistent list result.');
  }
  let entries = cluster.store.list(storageKey(kind), namespace);
  if (filter) entries = entries.filter(filter);
  if (token) {
    const [afterNamespace, afterName] = token.after;
    entries = entries.filter(
      (e) => e.namespace > afterNamespace || (e.namespace === afterNamespace && e.name > afterName),
    );
  }
  const limit = Number(query.get('limit') ?? 0);
  const version = token?.version ?? cluster.store.version();
  const page = limit > 0 ? entries.slice(0, limit) : entries;
  const last = page.at(-1);
  const more = entries.length > page.length && last;
  const next: ContinueToken | undefined = more ? { version, after: [last.namespace, last.name] } : undefined;
  const metadata = {
    resourceVersion: `${version}`,
    ...(next
      ? {
          continue: Buffer.from(JSON.stringify(next)).toString('base64url'),
          ...(filter ? {} : { remainingItemCount: entries.length - page.length }),
        }
      : {}),
  };
  const how = representationOf(exchange.request.headers.accept);
  const { response } = exchange;
  if (how === 'object') {
    const items = page.map((entry) => textOfEntry(entry, kind)).join(',');
    const head = JSON.stringify({ kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata });
    sendText(response, 200, `${head.slice(0, -1)},"items":[${items}]}`, 'application/json');
  } else if (how === 'metadata') {
    const items = page.map((entry) => partialMetadata(parse(entry)));
    sendJson(response, 200, {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      items,
    });
  } else {
    const objects = page.map((entry) => parse(entry));
    sendJson(
      response,
      200,
      table(kind, objects, { now: cluster.now(), metadata, include: query.get('includeObject') }),
    );
  }
}
