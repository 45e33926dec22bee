// How a watch goes on, whatever happens to its connection and to the history behind it.
import { startFaultProxy } from '@cnap/testing';
import { expect } from 'vitest';

import { type Cluster, type KubeObject, type WatchOptions, connect, parseKubeconfig } from '../src/index.ts';
import { type Case, configMap, mapAt, own } from './cluster-contract.ts';

const maps = { apiVersion: 'v1', kind: 'ConfigMap' };

/** Does what is planned when the watch has told a line, and ends after the last. */
async function follow(
  cluster: Cluster,
  options: Omit<WatchOptions, 'signal'>,
  plan: Record<string, (object: KubeObject | undefined) => Promise<unknown> | void>,
  last: string,
): Promise<string[]> {
  const end = new AbortController();
  const told: string[] = [];
  for await (const event of cluster.watch(maps, { ...options, signal: end.signal })) {
    const object = event.type === 'SYNCED' ? undefined : event.object;
    const line = object ? `${event.type} ${object.metadata.name}` : event.type;
    told.push(line);
    await plan[line]?.(object);
    if (line === last) end.abort();
  }
  return told;
}

export const watching: Record<string, Case> = {
  'watches from the beginning and goes on; who ceases to match is gone': async (cluster, namespace) => {
    await cluster.apply(configMap(namespace, 'w1'), own);
    const told = await follow(
      cluster,
      { namespace, labelSelector: 'test=cnap' },
      {
        SYNCED: () => cluster.apply(configMap(namespace, 'w2'), own),
        'ADDED w2': () => cluster.patch(mapAt(namespace, 'w2'), { data: { a: 'b' } }),
        'MODIFIED w2': () => cluster.patch(mapAt(namespace, 'w2'), { metadata: { labels: { test: null } } }),
        'DELETED w2': () => cluster.delete(mapAt(namespace, 'w1')),
      },
      'DELETED w1',
    );
    expect(told).toEqual(['ADDED w1', 'SYNCED', 'ADDED w2', 'MODIFIED w2', 'DELETED w2', 'DELETED w1']);
  },

  'metadata alone is enough for who asks for no more': async (cluster, namespace) => {
    await cluster.apply(configMap(namespace, 'listed', { a: 'b' }), own);
    const seen: KubeObject[] = [];
    const look = (object: KubeObject | undefined) => void (object && seen.push(object));
    await follow(
      cluster,
      { namespace, labelSelector: 'test=cnap', metadataOnly: true, condense: (object) => object },
      {
        'ADDED listed': look,
        SYNCED: () => cluster.apply(configMap(namespace, 'watched', { a: 'b' }), own),
        'ADDED watched': look,
      },
      'ADDED watched',
    );
    expect(seen).toHaveLength(2);
    for (const object of seen) {
      expect(Object.keys(object).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
      expect(object).toMatchObject({ ...maps, metadata: { namespace, labels: { test: 'cnap' } } });
      expect(object.metadata['managedFields']).toMatchObject([
        { manager: own.fieldManager, operation: 'Apply' },
      ]);
    }
  },

  'a connection that is cut goes on where it was': async (cluster, namespace, kubeconfig) => {
    const config = parseKubeconfig(kubeconfig);
    await using proxy = await startFaultProxy(config.server, config.ca);
    await using through = connect({
      context: 'proxy',
      server: proxy.url,
      ...(config.token && { token: config.token }),
    });
    const troubles: (string | undefined)[] = [];
    const told = await follow(
      through,
      {
        namespace,
        labelSelector: 'test=cnap',
        onTrouble: (error) => troubles.push(error?.reason),
      },
      {
        SYNCED: () => cluster.create(configMap(namespace, 'before')),
        'ADDED before': async () => {
          proxy.cut();
          await cluster.create(configMap(namespace, 'meanwhile'));
          await cluster.delete(mapAt(namespace, 'before'));
        },
      },
      'DELETED before',
    );
    expect(told).toEqual(['SYNCED', 'ADDED before', 'ADDED meanwhile', 'DELETED before']);
    expect(troubles).toEqual(['Unreachable', undefined]);
    expect(
      proxy.requests.filter((line) => !line.includes('watch=true') && line.includes('limit=')),
    ).toHaveLength(1);
  },

  'history that is gone is told as 410, and listed anew': async (cluster, namespace, kubeconfig) => {
    // No server remembers what was before a kind was there.
    const group = `${namespace}.example.com`;
    await cluster.apply(boats(group), own);
    const path = `/apis/${group}/v1/namespaces/${namespace}/boats`;
    await cluster.request('GET', path).catch(() => undefined);
    const expired = await untilServed(cluster, path);
    expect(expired).toMatchObject({
      type: 'ERROR',
      object: { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 },
    });

    const config = parseKubeconfig(kubeconfig);
    await using proxy = await startFaultProxy(config.server, config.ca);
    await using through = connect({
      context: 'proxy',
      server: proxy.url,
      ...(config.token && { token: config.token }),
    });
    await cluster.create(configMap(namespace, 'kept'));
    await cluster.create(configMap(namespace, 'lost'));
    const told = await follow(
      through,
      { namespace, labelSelector: 'test=cnap' },
      {
        SYNCED: async () => {
          // The next watch is answered as this cluster answers one whose history is gone.
          proxy.fail({ kind: 'answer', match: /watch=true/, times: 1, status: 200, body: expired });
          proxy.cut();
          await cluster.delete(mapAt(namespace, 'lost'));
        },
      },
      'MODIFIED kept',
    );
    expect(told).toEqual(['ADDED kept', 'ADDED lost', 'SYNCED', 'DELETED lost', 'MODIFIED kept', 'SYNCED']);
    await cluster.delete({ ...boats(group), name: `boats.${group}` });
  },
};

const boats = (group: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `boats.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
});

/** The first frame of a watch from the beginning of time. */
async function untilServed(cluster: Cluster, path: string): Promise<{ type: string; object: object }> {
  const query = { watch: true, resourceVersion: 1, timeoutSeconds: 5 };
  for (let attempt = 0; ; attempt += 1) {
    try {
      let text = '';
      for await (const chunk of cluster.stream(path, { query })) {
        text += new TextDecoder().decode(chunk);
        if (text.includes('\n')) break;
      }
      return JSON.parse(text.slice(0, text.indexOf('\n'))) as { type: string; object: object };
    } catch (error) {
      if (attempt > 100) throw error;
      await new Promise((done) => setTimeout(done, 100)); // not served yet
    }
  }
}
