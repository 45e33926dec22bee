// Somebody with few rights on a cluster, made through its API as an administrator would.
import { connect, formatKubeconfig, parseKubeconfig, type KubeObject } from '@cnap/kubernetes';
import { parse } from 'yaml';

type PolicyRule = { apiGroups: string[]; resources: string[]; verbs: string[] };

export type ServiceAccount = AsyncDisposable & {
  kubeconfig: string;
  grant(rules: PolicyRule[]): Promise<void>;
  /** Applies a ClusterRole as it was printed, and binds it. */
  grantAsPrinted(clusterRole: string): Promise<void>;
  /** Takes back everything that was granted. */
  withdraw(): Promise<void>;
  /** Deletes the account: its token is worth nothing from now on. */
  end(): Promise<void>;
};

const rbac = 'rbac.authorization.k8s.io/v1';

export async function aServiceAccount(adminKubeconfig: string): Promise<ServiceAccount> {
  const config = parseKubeconfig(adminKubeconfig);
  const admin = connect(config, {});
  const suffix = Math.random().toString(36).slice(2, 10);
  const namespace = `test-${suffix}`;
  const made: KubeObject[] = [];
  const apply = async (object: KubeObject) => {
    await admin.apply(object, { fieldManager: 'test' });
    made.push(object);
  };
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'importer', namespace } });
  const { status } = await admin.request<{ status: { token: string } }>(
    'POST',
    `/api/v1/namespaces/${namespace}/serviceaccounts/importer/token`,
    { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } },
  );
  const bind = (role: string) =>
    apply({
      apiVersion: rbac,
      kind: 'ClusterRoleBinding',
      metadata: { name: `${role}-${suffix}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: 'importer', namespace }],
    });
  const remove = ({ apiVersion, kind, metadata: { name, namespace: within } }: KubeObject) =>
    admin.delete({ apiVersion, kind, name, ...(within === undefined ? {} : { namespace: within }) });
  return {
    kubeconfig: formatKubeconfig({
      context: 'importer',
      server: config.server,
      ...(config.ca === undefined ? {} : { ca: config.ca }),
      token: status.token,
    }),
    async grant(rules) {
      const name = `few-${suffix}`;
      await apply({ apiVersion: rbac, kind: 'ClusterRole', metadata: { name }, rules });
      await bind(name);
    },
    async grantAsPrinted(text) {
      const role = parse(text) as KubeObject;
      await apply(role);
      await bind(role.metadata.name ?? '');
    },
    async withdraw() {
      for (const object of made) if (object.kind === 'ClusterRoleBinding') await remove(object);
    },
    end: async () =>
      void (await remove({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'importer', namespace },
      })),
    async [Symbol.asyncDispose]() {
      for (const object of made.toReversed()) await remove(object);
      await admin[Symbol.asyncDispose]();
    },
  };
}
