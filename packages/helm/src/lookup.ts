import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { messageOf } from '@cnap/errors';
import { type KindRef, formatKubeconfig, isKubernetesError } from '@cnap/kubernetes';

import type { Files } from './archive.ts';
import { readArchive, sourceLimits } from './archive.ts';

/** A GET of a cluster's API: the body of the answer. @throws KubernetesError as the cluster answers */
export type ReadApi = (path: string, accept: string, signal: AbortSignal) => Promise<string>;

/** Whether templates of the chart, or of charts in it, call `lookup`. */
export function usesLookup(files: Files): boolean {
  return inTemplates(files, (text) => /\{\{[^}]*(?<![.\w])lookup\s/s.test(text));
}

/** Whether templates ask which kinds the cluster has. */
export function asksForKinds(files: Files): boolean {
  return inTemplates(files, (text) => text.includes('.Capabilities.APIVersions'));
}

function inTemplates(files: Files, matches: (text: string) => boolean): boolean {
  for (const [path, content] of files) {
    if (/(^|\/)templates\//.test(path) && matches(Buffer.from(content).toString('utf8'))) return true;
    const isChart = /^charts\/[^/]+\.tgz$/.test(path) || /\/charts\/[^/]+\.tgz$/.test(path);
    if (isChart && inTemplates(readArchive(content, sourceLimits), matches)) return true;
  }
  return false;
}

/** What templates see of a cluster, and how Helm gets to it. */
export interface NamespaceView extends AsyncDisposable {
  readonly kubeconfig: string;
  /** Why the cluster could not be asked, if so: then what Helm says is not the chart's fault. */
  readonly trouble: unknown;
}

/**
 * Lets `lookup` see one namespace of a cluster and nothing else: an address on this machine whose token is good for
 * GETs of that namespace's objects, for as long as one rendering takes. What is elsewhere, and kinds that there are
 * not, are as if they were not there, so that a chart renders as it does on a cluster without them.
 * @param kinds of the chart's own CRDs, which the cluster may get only later
 */
export async function openNamespaceView(
  namespace: string,
  kinds: readonly KindRef[],
  read: ReadApi,
  signal: AbortSignal,
): Promise<NamespaceView> {
  const token = randomBytes(32).toString('base64url');
  let trouble: unknown;
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      trouble ??= error;
      send(response, 503, statusOf(503, 'ServiceUnavailable', messageOf(error)));
    });
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [given = '', ...rest] = (request.url ?? '').slice(1).split('/');
    if (!isToken(given, token)) return send(response, 401, statusOf(401, 'Unauthorized'));
    const path = `/${rest.join('/')}`;
    const what = whatIsAsked(path, namespace);
    if (request.method !== 'GET' || what === 'nothing') return send(response, 404, statusOf(404, 'NotFound'));
    try {
      const body = await read(path, request.headers.accept ?? 'application/json', signal);
      send(response, 200, what === 'groups' ? withKinds(body, kinds) : body);
    } catch (error) {
      if (!isKubernetesError(error, 'NotFound', 'Forbidden', 'MethodNotAllowed')) throw error;
      if (what === 'kinds') return send(response, 200, noKinds(path));
      send(response, 404, statusOf(404, 'NotFound'));
    }
  }
  await listening(server);
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfig: formatKubeconfig({ context: 'namespace', server: `http://127.0.0.1:${port}/${token}` }),
    get trouble() {
      return trouble;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

type Asked = 'version' | 'groups' | 'kinds' | 'object' | 'nothing';

/** What a path of the API server stands for, seen from one namespace. */
export function whatIsAsked(url: string, namespace: string): Asked {
  const path = url.split('?')[0] ?? '';
  // Names need no escapes; what has some, or leads upwards, is not from Helm.
  if (!/^(\/[A-Za-z0-9][A-Za-z0-9._:-]*)+$/.test(path) || path.includes('..')) return 'nothing';
  if (/[?&]watch\b/.test(url)) return 'nothing';
  const [root, ...rest] = path.slice(1).split('/');
  if (path === '/version') return 'version';
  if (path === '/api' || path === '/apis') return 'groups';
  const version = root === 'api' ? 1 : root === 'apis' ? 2 : undefined;
  if (version === undefined || rest.length < version) return 'nothing';
  // Of a kind that there is not, Helm asks without group and version: `/api/name`.
  if (!/^v\d+((alpha|beta)\d+)?$/.test(rest[version - 1] ?? '')) return 'nothing';
  const below = rest.slice(version);
  if (below.length === 0) return 'kinds';
  const isInside = below[0] === 'namespaces' && below[1] === namespace && below.length <= 4;
  return isInside ? 'object' : 'nothing';
}

type Group = {
  metadata: { name: string };
  versions: { version: string; freshness: string; resources: object[] }[];
};

/** The groups that an API server tells of, with kinds that it will have. */
function withKinds(body: string, kinds: readonly KindRef[]): string {
  const list = JSON.parse(body) as { kind: string; items?: Group[] };
  if (list.kind !== 'APIGroupDiscoveryList' || !list.items) return body;
  const grouped = kinds.filter(({ apiVersion }) => apiVersion.includes('/'));
  const isCore = list.items.some(({ metadata }) => metadata.name === '' || metadata.name === undefined);
  if (isCore || grouped.length === 0) return body;
  for (const { apiVersion, kind } of grouped) {
    const [name = '', version = ''] = apiVersion.split('/');
    let group = list.items.find(({ metadata }) => metadata.name === name);
    if (!group) list.items.push((group = { metadata: { name }, versions: [] }));
    let place = group.versions.find((one) => one.version === version);
    if (!place) group.versions.push((place = { version, freshness: 'Current', resources: [] }));
    place.resources.push({
      resource: `${kind.toLowerCase()}s`,
      responseKind: { group: name, version, kind },
      scope: 'Namespaced',
      singularResource: kind.toLowerCase(),
      verbs: ['get', 'list'],
    });
  }
  return JSON.stringify(list);
}

const noKinds = (path: string): string =>
  JSON.stringify({
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: path.split('?')[0]?.replace(/^\/apis?\//, ''),
    resources: [],
  });

const statusOf = (code: number, reason: string, message = reason): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });

function send(response: ServerResponse, code: number, body: string): void {
  response.writeHead(code, { 'content-type': contentType(body) }).end(body);
}

/** Helm takes an aggregated list only when the content type says that it is one. */
function contentType(body: string): string {
  const isGroups = body.slice(0, 200).includes('"APIGroupDiscoveryList"');
  return isGroups
    ? 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    : 'application/json';
}

/** The token is a part of the address: Helm sends no credentials where there is no TLS. */
function isToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function listening(server: Server): Promise<void> {
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', done);
  });
}
