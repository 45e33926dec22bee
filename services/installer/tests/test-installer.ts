// The real service on a real Postgres and NATS, with kubesim as its cluster and fakes of the services it calls.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@bufbuild/protobuf';
import { createCnapClient, type CnapClient } from '@cnap/client';
import { loadConfig } from '@cnap/config';
import { newId } from '@cnap/ids';
import { startKubesim, type Fault, type Kubesim } from '@cnap/kubesim';
import { connect, parseKubeconfig, type Cluster } from '@cnap/kubernetes';
import type { Product } from '@cnap/proto/cnap/catalog/v1/product';
import type { PlacementCandidate } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { type Install, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { OrderInstallService } from '@cnap/proto/cnap/installer/v1/order_install_service';
import { peerClient } from '@cnap/rpc';
import {
  eventually,
  testDatabase,
  testKeys,
  testNats,
  type TestDatabase,
  type TestKeys,
} from '@cnap/testing';
import type { Client } from '@connectrpc/connect';
import { migrations } from '../migrations/index.ts';
import { settings } from '../src/config.ts';
import type { Tables } from '../src/database.ts';
import { startInstaller, type Overrides } from '../src/service.ts';
import { sampleChart } from './charts.ts';
import { startPeers, type NewProduct, type Peers } from './peers.ts';

export type Person = 'buyer' | 'buyer-viewer' | 'seller' | 'stranger';

export interface TestInstaller extends AsyncDisposable {
  readonly url: string;
  readonly keys: TestKeys;
  readonly nats: { url: string; subjectPrefix: string };
  readonly buyerWorkspaceId: string;
  readonly sellerWorkspaceId: string;
  readonly database: TestDatabase<Tables>;
  readonly peers: Peers;
  /** The default cluster, and what it says itself. */
  readonly sim: Kubesim;
  readonly kubernetes: Cluster;
  readonly candidate: PlacementCandidate;
  readonly billing: Client<typeof OrderInstallService>;
  as(person: Person): CnapClient;
  tokenOf(person: Person): Promise<string>;
  /** A product of the sample chart, unless told, on the default cluster. */
  aProduct(change?: Partial<NewProduct>): Product;
  /** An install of an order of the buyer; its order is in `orderId`. */
  ensure(
    product: Product,
    change?: { orderId?: string; inputs?: JsonObject; regionId?: string },
  ): Promise<Install>;
  get(id: string, person?: Person): Promise<Install>;
  until(id: string, state: InstallState, person?: Person): Promise<Install>;
  /** Ends the service; `restart` starts it again. */
  stop(): Promise<void>;
  /** Ends the service and starts it again. */
  restart(overrides?: Overrides): Promise<void>;
  /** Ends the service and starts it again as a process of its own; what it logs is in the answer. */
  restartAsProcess(): Promise<string[]>;
}

export async function startTestInstaller(
  overrides: Overrides = {},
  moreEnvironment: Record<string, string> = {},
): Promise<TestInstaller> {
  await using parts = new AsyncDisposableStack();
  const keys = testKeys();
  const nats = testNats();
  const database = parts.use(await testDatabase<Tables>('installer', migrations));
  const sellerWorkspaceId = newId('ws');
  const peers = parts.use(await startPeers(keys, sellerWorkspaceId));
  const sim = parts.use(await startKubesim());
  const kubernetes = parts.use(connect(parseKubeconfig(sim.kubeconfig)));
  const candidate = peers.aCluster(sim.kubeconfig);
  const environment = {
    ...keys.environmentOf('installer'),
    ...peers.environment,
    PORT: '0',
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    CNAP_NATS_PREFIX: nats.subjectPrefix,
    CNAP_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    CNAP_LEASE: '1s',
    ...moreEnvironment,
  };
  const config = loadConfig(settings, environment);
  const start = (change: Overrides) => startInstaller(config, { firstPauseMs: 20, ...change });
  let service: AsyncDisposable & { url: string } = await start(overrides);
  parts.defer(() => service[Symbol.asyncDispose]());
  const billingOf = () =>
    peerClient(OrderInstallService, {
      baseUrl: service.url,
      audience: 'installer',
      identity: keys.identityOf('billing'),
    });
  let billing = billingOf();
  const seller = { workspaceId: sellerWorkspaceId, userId: newId('usr') };
  const tokenOf = (person: Person): Promise<string> => {
    if (person === 'seller') return keys.tokenOf('owner', seller);
    if (person === 'buyer') return keys.tokenOf('owner');
    return keys.tokenOf(person === 'stranger' ? 'stranger' : 'viewer');
  };
  const as = (person: Person) =>
    createCnapClient({ baseUrl: service.url, token: () => tokenOf(person), retries: 0 });
  const get = async (id: string, person: Person = 'seller') => {
    const { install } = await as(person).installs.getInstall({ id });
    if (!install) throw new Error('no install');
    return install;
  };
  const running = parts.move();
  return {
    get url() {
      return service.url;
    },
    get billing() {
      return billing;
    },
    keys,
    nats,
    buyerWorkspaceId: keys.workspaceId,
    sellerWorkspaceId,
    database,
    peers,
    sim,
    kubernetes,
    candidate,
    as,
    tokenOf,
    aProduct: (change = {}) =>
      peers.aProduct({ chart: sampleChart(), clusterIds: [candidate.clusterId], ...change }),
    async ensure(product, { orderId = newId('ord'), inputs = {}, regionId = candidate.regionId } = {}) {
      const { install } = await billing.ensureInstall({
        orderId,
        idempotencyKey: `idk_${orderId}`,
        workspaceId: keys.workspaceId,
        sellerWorkspaceId,
        productId: product.id,
        regionId,
        inputs,
        quantity: 1,
        name: 'Mine',
      });
      if (!install) throw new Error('no install');
      return install;
    },
    get,
    until: (id, state, person) =>
      eventually(async () => {
        const install = await get(id, person);
        if (install.state === state) return install;
        const { reason, message } = install;
        throw new Error(`is ${nameOf(install.state)}, not ${nameOf(state)}: ${reason} ${message}`);
      }),
    stop: async () => service[Symbol.asyncDispose](),
    async restart(change = {}) {
      await service[Symbol.asyncDispose]();
      service = await start(change);
      billing = billingOf();
    },
    async restartAsProcess() {
      await service[Symbol.asyncDispose]();
      const logged: string[] = [];
      service = await startProcess({ ...process.env, ...environment, LOG_LEVEL: 'debug' }, logged);
      billing = billingOf();
      return logged;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function startProcess(env: NodeJS.ProcessEnv, logged: string[]) {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const child = fork(main, { env, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const ended = once(child, 'exit');
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => logged.push(String(data)));
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [{ ready?: string }];
  const url = message?.ready;
  if (url === undefined) throw new Error(`it did not start: ${logged.join('')}`);
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Tells kubesim something; ends with `DELETE`. */
export async function simulate(sim: Kubesim, method: 'POST' | 'DELETE', path: string, body?: object) {
  const response = await fetch(`${sim.url}/_sim/${path}`, {
    method,
    headers: { authorization: `Bearer ${sim.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json() as Promise<{ id: string }>;
}

export const addFault = (sim: Kubesim, fault: Omit<Fault, 'id'>) => simulate(sim, 'POST', 'faults', fault);

/** The facts of an install, oldest first. */
export async function factsOf(
  installer: TestInstaller,
  id: string,
): Promise<{ fact: string; traceId: string }[]> {
  const { rows } = await installer.database.db.pool.query<{
    subject: string;
    headers: Record<string, string>;
  }>('select subject, headers from outbox where resource_id = $1 order by position', [id]);
  return rows.map(({ subject, headers }) => ({
    fact: subject.split('.').at(-1) ?? '',
    traceId: JSON.stringify(headers).match(/00-([0-9a-f]{32})-/)?.[1] ?? '',
  }));
}

/** Objects of an install on a cluster, in words; without what kubesim's controllers make of them. */
export async function objectsOf(kubernetes: Cluster, installId: string): Promise<string[]> {
  const kinds = [
    ['v1', 'Namespace'], ['v1', 'ConfigMap'], ['v1', 'Secret'], ['v1', 'Service'], ['v1', 'PersistentVolumeClaim'],
    ['v1', 'ResourceQuota'], ['v1', 'LimitRange'], ['apps/v1', 'Deployment'], ['batch/v1', 'Job'],
    ['networking.k8s.io/v1', 'NetworkPolicy'], ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  ] as const; // prettier-ignore
  const labelSelector = `cnap.tech/install=${installId}`;
  const lists = await Promise.all(
    kinds.map(async ([apiVersion, kind]) =>
      (await kubernetes.list({ apiVersion, kind }, { labelSelector })).map(
        ({ metadata }) => `${kind} ${metadata.name}`,
      ),
    ),
  );
  return lists.flat();
}

const stateNames = new Map<number, string>(
  Object.entries(InstallState).map(([name, state]) => [state, name]),
);
export const nameOf = (state: InstallState): string => stateNames.get(state) ?? String(state);
