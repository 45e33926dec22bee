import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from 'vitest';

import { type KubernetesError, connect } from '../src/index.ts';

const discovery = (items: unknown[]) => ({ kind: 'APIGroupDiscoveryList', items });
const configMaps = {
  resource: 'configmaps',
  responseKind: { kind: 'ConfigMap' },
  scope: 'Namespaced',
  verbs: ['list', 'watch'],
};
const object = (name: string, uid: string, resourceVersion: string) => ({
  metadata: { name, namespace: 'n', uid, resourceVersion },
});
const list = (resourceVersion: string, ...items: unknown[]) => ({ metadata: { resourceVersion }, items });

type Answer = (response: ServerResponse, query: URLSearchParams) => void;

/** An API server whose answers to lists and watches are scripted, one after the other. */
async function scriptedServer(script: { lists: unknown[]; watches: Answer[] }) {
  const watchedFrom: (string | null)[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const json = (value: unknown) => response.end(JSON.stringify(value));
    if (url.pathname === '/apis') return json(discovery([]));
    if (url.pathname === '/api')
      return json(discovery([{ versions: [{ version: 'v1', resources: [configMaps] }] }]));
    if (url.searchParams.has('watch')) {
      watchedFrom.push(url.searchParams.get('resourceVersion'));
      return script.watches.shift()?.(response, url.searchParams);
    }
    const answer = script.lists.shift();
    // A number as `code` is a refusal.
    const { code } = answer as { code?: number };
    if (code !== undefined) response.writeHead(code);
    return json(answer);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    cluster: connect({ context: 'x', server: `http://127.0.0.1:${port}`, token: 't' }),
    watchedFrom,
    async [Symbol.asyncDispose]() {
      await this.cluster[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

const event = (type: string, value: unknown) => `${JSON.stringify({ type, object: value })}\n`;
const hold: Answer = (response) => void response.flushHeaders();

async function follow(server: Awaited<ReturnType<typeof scriptedServer>>, until: string) {
  const end = new AbortController();
  const told: string[] = [];
  const troubles: (KubernetesError | undefined)[] = [];
  for await (const seen of server.cluster.watch(
    { apiVersion: 'v1', kind: 'ConfigMap' },
    { signal: end.signal, onTrouble: (trouble) => troubles.push(trouble) },
  )) {
    told.push(seen.type === 'SYNCED' ? 'SYNCED' : `${seen.type} ${seen.object.metadata.name}`);
    if (told.join(', ').endsWith(until)) end.abort();
  }
  return { told, troubles };
}

test('an expired version (410) makes it list again and tell what changed meanwhile', async () => {
  await using server = await scriptedServer({
    lists: [
      list('5', object('kept', 'u1', '1'), object('gone', 'u2', '2'), object('remade', 'u3', '3')),
      list('90', object('kept', 'u1', '80'), object('remade', 'u4', '81')),
    ],
    watches: [
      (response) => response.end(event('ERROR', { kind: 'Status', code: 410, reason: 'Expired' })),
      hold,
    ],
  });
  const { told } = await follow(server, 'MODIFIED kept, ADDED remade, SYNCED');
  expect(told.slice(0, 4)).toEqual(['ADDED kept', 'ADDED gone', 'ADDED remade', 'SYNCED']);
  expect(told.slice(4)).toEqual([
    'DELETED gone',
    'DELETED remade',
    'MODIFIED kept',
    'ADDED remade',
    'SYNCED',
  ]);
});

test('a broken connection goes on from the last bookmark, in pieces of any size', async () => {
  const line = event('ADDED', { kind: 'ConfigMap', ...object('süß', 'u9', '8') });
  await using server = await scriptedServer({
    lists: [list('5')],
    watches: [
      (response) => {
        response.write(event('BOOKMARK', { kind: 'ConfigMap', metadata: { resourceVersion: '7' } }), () =>
          response.destroy(),
        );
      },
      (response) => {
        const bytes = Buffer.from(line);
        const middle = bytes.indexOf(0xbc); // inside the ü
        response.write(bytes.subarray(0, middle));
        response.write(bytes.subarray(middle));
      },
    ],
  });
  const { told, troubles } = await follow(server, 'ADDED süß');
  expect(told).toEqual(['SYNCED', 'ADDED süß']);
  expect(server.watchedFrom).toEqual(['5', '7']);
  expect(troubles.map((trouble) => trouble?.reason)).toEqual(['Unreachable', undefined]);
});

const refuse =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end(JSON.stringify({ kind: 'Status', code }));

test('a watch that is refused as expired (410) lists anew; a throttled one (429) comes when it may', async () => {
  await using server = await scriptedServer({
    lists: [list('5', object('kept', 'u1', '1')), list('90', object('kept', 'u1', '80'))],
    watches: [refuse(410), refuse(429, { 'retry-after': '1' }), hold],
  });
  const end = new AbortController();
  const told: string[] = [];
  const troubles: (KubernetesError | undefined)[] = [];
  const came: number[] = [];
  for await (const seen of server.cluster.watch(
    { apiVersion: 'v1', kind: 'ConfigMap' },
    {
      signal: end.signal,
      onTrouble: (trouble) => {
        troubles.push(trouble);
        came.push(performance.now());
        if (trouble === undefined) end.abort();
      },
    },
  )) {
    told.push(seen.type);
  }
  expect(told).toEqual(['ADDED', 'SYNCED', 'MODIFIED', 'SYNCED']);
  expect(server.watchedFrom).toEqual(['5', '90', '90']);
  // What has expired is no trouble: it is listed anew, and that is all.
  expect(troubles.map((trouble) => trouble?.code)).toEqual([429, undefined]);
  expect((came[1] ?? 0) - (came[0] ?? 0)).toBeGreaterThan(990);
});

test('pages that expire while they are read are read once more', async () => {
  const first = {
    ...list('5', object('a', 'u1', '1')),
    metadata: { resourceVersion: '5', continue: 'next' },
  };
  const gone = { code: 410 };
  await using server = await scriptedServer({
    lists: [
      first,
      gone,
      { ...first, metadata: { resourceVersion: '9', continue: 'next' } },
      list('9', object('b', 'u2', '2')),
    ],
    watches: [],
  });
  const items = await server.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
});
