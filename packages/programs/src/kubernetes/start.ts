import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type RunningChild, startChild } from '../child.ts';
import { findProgram } from '../find-program.ts';
import { freePort } from '../free-port.ts';
import { waitUntil } from '../wait-until.ts';
import { kubernetesApi, type KubernetesApi } from './api.ts';
import {
  auditing,
  auditLogOf,
  type ClusterFiles,
  commands,
  type ComponentName,
  type Ports,
} from './commands.ts';
import { kubeconfigText, serviceAccountKeys } from './credentials.ts';
import { firstObjects } from './first-objects.ts';

export interface StartKubernetesOptions {
  /** Keys, logs and etcd's data; emptied first: every start is a new cluster. */
  dataDir: string;
  /** Of the API server; a free one unless told. */
  port?: number;
  /** 60 s unless told; 3 to 6 s are usual. */
  timeoutMs?: number;
  /**
   * What is run "in a container" runs on this machine, as this user, in a folder of its own. For tests of shells
   * only: nobody else may reach the cluster. Otherwise nothing can be run.
   */
  shellsOnThisMachine?: boolean;
  /** The API server writes down who asked for what: see {@link RunningKubernetes.auditLogPath}. */
  audit?: boolean;
  signal?: AbortSignal;
  onStep?: (text: string) => void;
}

export interface RunningKubernetes extends AsyncDisposable {
  /** Text of a kubeconfig with all rights (group system:masters). */
  readonly kubeconfig: string;
  readonly kubeconfigPath: string;
  /** The API server's address. */
  readonly url: string;
  readonly version: string;
  /**
   * With `audit`: a line of JSON for each request that was answered, for watches when they begin and when they end
   * (audit.k8s.io/v1, level Metadata).
   */
  readonly auditLogPath: string;
  /** Resolves when one of its programs has ended by itself, with a line that says which and how. */
  readonly ended: Promise<string>;
  /** Ends the API server, as an upgrade does; nothing answers until {@link startApiServer}. */
  stopApiServer(): Promise<void>;
  /**
   * Starts it again. With `newAuthority` its certificate is signed by another CA from now on.
   * @returns the kubeconfig that is right from now on
   */
  startApiServer(options?: { newAuthority?: boolean }): Promise<string>;
}

/**
 * Starts a real control plane on 127.0.0.1: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and
 * kwok as its one node, where every pod becomes ready at once and nothing really runs. Returns when pods can
 * be created. It is thrown away on disposal: nothing is flushed.
 */
export async function startKubernetes(options: StartKubernetesOptions): Promise<RunningKubernetes> {
  const { timeoutMs = 60_000, onStep } = options;
  const found = await findProgram('kubernetes', onStep ? { onStep } : {});
  onStep?.(`starting Kubernetes ${found.version}`);
  const files = await layOut(resolve(options.dataDir), options.shellsOnThisMachine ?? false);
  const ports = await choosePorts(options.port);
  const deadline = { timeoutMs, signal: options.signal };

  await using stack = new AsyncDisposableStack();
  const children = stack.use(new AsyncDisposableStack());
  const stopped = new Set<RunningChild>();
  const ended = Promise.withResolvers<string>();
  const start = async (name: ComponentName): Promise<RunningChild> => {
    const child = children.use(
      await startChild({
        command: join(found.path, name),
        args: [
          ...commands[name](files, ports),
          ...(name === 'kube-apiserver' && options.audit ? auditing(files) : []),
        ],
        cwd: files.folder,
        logFile: join(files.folder, 'log', name),
        stopSignal: 'SIGKILL', // thrown away, and a tidy end would take seconds
      }),
    );
    void child.ended.then((how) => stopped.has(child) || ended.resolve(`${name} ${how}`));
    return child;
  };
  const stop = async (...some: RunningChild[]) => {
    for (const child of some) stopped.add(child);
    await Promise.all(some.map((child) => child[Symbol.asyncDispose]()));
  };

  const etcd = await start('etcd');
  let apiServer = await start('kube-apiserver');
  const api = await whenReady(files, ports, [etcd, apiServer], deadline);
  const url = `https://127.0.0.1:${ports.apiServer}`;
  const writeKubeconfig = async () => {
    const text = kubeconfigText(url, await readFile(files.certificate, 'utf8'), files.token);
    await writeFile(files.kubeconfig, text, { mode: 0o600 });
    return text;
  };
  const kubeconfig = await writeKubeconfig();
  const startOthers = () =>
    Promise.all((['kube-controller-manager', 'kube-scheduler', 'kwok'] as const).map((name) => start(name)));
  let others = await startOthers();
  for (const { path, object } of firstObjects) await api.post(path, object);
  await waitUntil(
    async () => {
      mustRun(others);
      return (
        (await api.exists('/api/v1/namespaces/default/serviceaccounts/default')) && (await nodeIsReady(api))
      );
    },
    { ...deadline, late: () => new Error(`Kubernetes has no ready node: see ${files.folder}/log`) },
  );

  const running = stack.move();
  return {
    kubeconfig,
    kubeconfigPath: files.kubeconfig,
    url,
    version: found.version,
    auditLogPath: auditLogOf(files),
    ended: ended.promise,
    stopApiServer: () => stop(apiServer),
    async startApiServer({ newAuthority = false } = {}) {
      if (newAuthority) {
        await rm(files.certificate, { force: true });
        await rm(files.certificate.replace(/crt$/, 'key'), { force: true });
      }
      apiServer = await start('kube-apiserver');
      await whenReady(files, ports, [etcd, apiServer], { timeoutMs, signal: undefined });
      if (!newAuthority) return kubeconfig;
      const text = await writeKubeconfig();
      await stop(...others); // they read the authority when they start
      others = await startOthers();
      return text;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function layOut(folder: string, withShells: boolean): Promise<ClusterFiles> {
  await rm(folder, { recursive: true, force: true });
  for (const name of ['etcd', 'pki', 'log', 'scratch']) await mkdir(join(folder, name), { recursive: true });
  const files: ClusterFiles = {
    folder,
    kubeconfig: join(folder, 'kubeconfig'),
    certificate: join(folder, 'pki', 'apiserver.crt'),
    token: randomBytes(24).toString('hex'),
  };
  const keys = serviceAccountKeys();
  const parts = withShells ? ['stages.yaml', 'shells.yaml'] : ['stages.yaml'];
  const texts = await Promise.all(
    parts.map((name) => readFile(new URL(`./${name}`, import.meta.url), 'utf8')),
  );
  const stages = texts.join('');
  const contents: Record<string, string> = {
    'pki/sa.key': keys.privateKey,
    'pki/sa.pub': keys.publicKey,
    'pki/tokens.csv': `${files.token},admin,admin,system:masters\n`,
    'stages.yaml': stages.replaceAll('FOLDER', folder),
    'audit.yaml': JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata' }],
    }),
    'pod.log': `${new Date().toISOString()} stdout F hello from a pod\n`,
  };
  for (const [name, text] of Object.entries(contents))
    await writeFile(join(folder, name), text, { mode: 0o600 });
  return files;
}

async function choosePorts(apiServer: number | undefined): Promise<Ports> {
  return {
    apiServer: apiServer ?? (await freePort()),
    etcd: await freePort(),
    etcdPeer: await freePort(),
    controllerManager: await freePort(),
    scheduler: await freePort(),
    kwok: await freePort(),
  };
}

async function whenReady(
  files: ClusterFiles,
  ports: Ports,
  children: RunningChild[],
  deadline: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<KubernetesApi> {
  let api: KubernetesApi | undefined;
  await waitUntil(
    async () => {
      mustRun(children);
      const certificate = await readFile(files.certificate, 'utf8').catch(() => undefined);
      if (!certificate) return false; // the API server makes it when it starts
      api ??= kubernetesApi(ports.apiServer, certificate, files.token);
      return api.exists('/readyz');
    },
    { ...deadline, late: () => new Error(`kube-apiserver did not become ready: see ${files.folder}/log`) },
  );
  if (!api) throw new Error('kube-apiserver made no certificate');
  return api;
}

function mustRun(children: RunningChild[]): void {
  for (const child of children) {
    if (child.hasEnded) throw new Error(`Kubernetes did not start: ${child.logTail(2)}`);
  }
}

async function nodeIsReady(api: KubernetesApi): Promise<boolean> {
  const list = (await api.get('/api/v1/nodes')) as {
    items: { status?: { conditions?: { type: string; status: string }[] } }[];
  };
  return list.items.some((node) =>
    node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
  );
}
