import { createAuthorizer } from './access/authorizer.ts';
import { kubeconfigText, openTokens } from './access/tokens.ts';
import { createCluster } from './api/cluster.ts';
import { startControllers } from './controllers/index.ts';
import { createFaults } from './faults/faults.ts';
import { createPodBehaviour } from './faults/pod-behaviour.ts';
import { listen } from './http/server.ts';
import type { Services } from './http/services.ts';
import { createWatchHub } from './http/watch.ts';
import { createRegistry } from './kinds/registry.ts';
import { seed } from './seed.ts';
import { openJournal } from './storage/journal.ts';
import { createStore, parse } from './storage/store.ts';

export type { Fault } from './faults/faults.ts';
export type { ImageRule } from './faults/pod-behaviour.ts';

export interface KubesimOptions {
  /** address to listen on; 127.0.0.1 by default */
  host?: string;
  /** 0, the default, takes a free one */
  port?: number;
  /** the address that kubeconfigs name, where others reach it by another one than it listens on */
  publicUrl?: string | undefined;
  /** keeps state here across restarts; absent: in memory only */
  data?: string | undefined;
  nodes?: number;
  /** milliseconds between a pod being scheduled and being ready; 0 by default */
  podDelayMs?: number;
  /** false: pods write no Events for their normal life, which a fleet does not need */
  podEvents?: boolean;
}

export interface Kubesim extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** the administrator's kubeconfig, as text */
  readonly kubeconfig: string;
  /** the bearer token in it, which `/_sim/` asks for too */
  readonly token: string;
}

/** Starts a simulated Kubernetes API. A test double: README.md says what it leaves out. */
export async function startKubesim(options: KubesimOptions = {}): Promise<Kubesim> {
  await using resources = new AsyncDisposableStack();
  const store = createStore();
  const registry = createRegistry();
  if (options.data) resources.use(openJournal(options.data, store));
  const cluster = createCluster(store, registry, Date.now);
  for (const entry of store.list('customresourcedefinitions.apiextensions.k8s.io'))
    registry.define(parse(entry));
  const tokens = openTokens(options.data);
  const behaviour = createPodBehaviour();
  const faults = createFaults();
  const authorizer = createAuthorizer(cluster);
  resources.use(
    startControllers(cluster, {
      behaviour,
      tokens,
      podDelayMs: options.podDelayMs ?? 0,
      podEvents: options.podEvents ?? true,
    }),
  );
  seed(cluster, options.nodes ?? 1);
  const watches = resources.use(createWatchHub(cluster));
  const host = options.host ?? '127.0.0.1';
  let url = '';
  const services: Services = { cluster, authorizer, tokens, watches, faults, behaviour, url: () => url };
  const server = resources.use(await listen(services, host, options.port ?? 0));
  url = options.publicUrl ?? `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${server.port}`;
  const owned = resources.move();
  return {
    url,
    port: server.port,
    token: tokens.adminToken,
    kubeconfig: kubeconfigText(url, tokens.adminToken, 'kubernetes-admin'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
