// Charts made of a few files, installed by the service on a real control plane.
import type { JsonObject } from '@bufbuild/protobuf';
import { connect, parseKubeconfig, type Cluster, type KubeObject } from '@cnap/kubernetes';
import { type Install, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, realKubernetes } from '@cnap/testing';
import { sql } from 'kysely';
import { umbrella } from './charts.ts';
import type { NewProduct } from './peers.ts';
import { nameOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

export type Files = Record<string, string>;
type Kind = { apiVersion: string; kind: string };

/** Kinds that a package would say are cluster-wide. */
const clusterWide = [
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
  ['networking.k8s.io/v1', 'IngressClass'],
  ['scheduling.k8s.io/v1', 'PriorityClass'],
  ['gateway.networking.k8s.io/v1', 'GatewayClass'],
  ['admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'],
  ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
  ['apiregistration.k8s.io/v1', 'APIService'],
  ['v1', 'Namespace'],
] as const;
export const packageKinds = clusterWide.map(([apiVersion, kind]) => ({
  apiVersion,
  kind,
  clusterWide: true,
}));

/** A chart of these files, under the alias `app`. */
export const chart = (files: Files, values: object = {}): Uint8Array =>
  umbrella('app', '1.0.0', {
    'Chart.yaml': JSON.stringify({ apiVersion: 'v2', name: 'app', version: '1.0.0' }),
    'values.yaml': JSON.stringify(values),
    ...files,
  });

export interface OnReal extends AsyncDisposable {
  installer: TestInstaller;
  cluster: Cluster;
  kubeconfigPath: string;
  clusterId: string;
  /** An install of a chart that became RUNNING. */
  install(artifact: Uint8Array, change?: Partial<NewProduct>): Promise<Install & { orderId: string }>;
  begin(artifact: Uint8Array, change?: Partial<NewProduct>): Promise<Install & { orderId: string }>;
  /** Other values; until that release runs, or has been undone. */
  update(id: string, values: JsonObject): Promise<Install>;
  /** An update may take so long to become healthy. */
  shortDeadline(id: string, ms: number): Promise<void>;
  remove(install: { id: string; orderId: string }): Promise<string[]>;
  get(kind: Kind, name: string, namespace?: string): Promise<KubeObject | undefined>;
  data(kind: 'ConfigMap' | 'Secret', namespace: string, name: string): Promise<Record<string, string>>;
}

/** undefined where there is no real control plane. */
export async function startOnReal(): Promise<OnReal | undefined> {
  await using parts = new AsyncDisposableStack();
  const real = await realKubernetes();
  if (!real) return undefined;
  parts.use(real);
  const installer = parts.use(await startTestInstaller());
  const cluster = parts.use(connect(parseKubeconfig(real.kubeconfig)));
  const { clusterId, regionId } = installer.peers.aCluster(real.kubeconfig);
  const get = ({ apiVersion, kind }: Kind, name: string, namespace?: string) =>
    cluster.get({ apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) });
  const begin: OnReal['begin'] = async (artifact, change = {}) =>
    installer.ensure(
      installer.aProduct({
        clusterIds: [clusterId],
        chart: artifact,
        ...change,
        package: { kinds: packageKinds, sources: [{ sourceId: 'src_one', alias: 'app' }], ...change.package },
      }),
      { regionId },
    );
  const running = parts.move();
  return {
    installer,
    cluster,
    kubeconfigPath: real.kubeconfigPath,
    clusterId,
    begin,
    async install(artifact, change) {
      const { id } = await begin(artifact, change);
      const install = await eventually(async () => {
        const now = await installer.get(id);
        if (now.state === InstallState.RUNNING || now.state === InstallState.FAILED) return now;
        throw new Error(`is ${nameOf(now.state)}: ${now.reason} ${now.message}`);
      });
      if (install.state === InstallState.RUNNING) return install;
      throw new Error(`FAILED: ${install.reason} ${install.message}`);
    },
    async update(id, values) {
      const { revision } = await installer.get(id);
      const updates = [{ sourceId: 'src_one', values }];
      await installer.as('seller').installs.updateInstallOverrides({ id, updates });
      return eventually(async () => {
        const now = await installer.get(id);
        if (now.state === InstallState.RUNNING && now.revision > revision) return now;
        throw new Error(`is ${nameOf(now.state)} in revision ${now.revision}: ${now.message}`);
      });
    },
    shortDeadline: (id, ms) =>
      installer.database.db.acrossWorkspaces(async (tx) => {
        const text = JSON.stringify(ms);
        await sql`update installs set product = jsonb_set(product, '{healthDeadlineMs}', ${text}) where id = ${id}`.execute(
          tx,
        );
      }),
    async remove({ id, orderId }) {
      await installer.billing.endInstall({ orderId });
      await installer.until(id, InstallState.DELETED);
      const { deletionReceipt } = await installer.as('seller').installs.getDeletionReceipt({ installId: id });
      return (deletionReceipt?.objects ?? []).map(({ outcome, kind, name }) => `${outcome} ${kind} ${name}`);
    },
    get,
    async data(kind, namespace, name) {
      const object = await get({ apiVersion: 'v1', kind }, name, namespace);
      const data = (object?.['data'] ?? {}) as Record<string, string>;
      if (kind === 'ConfigMap') return data;
      return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
      );
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
