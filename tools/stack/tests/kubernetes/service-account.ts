// Somebody on a cluster who may do what they are granted, and what the API server wrote down of what they did.
import { readFile } from 'node:fs/promises';
import { connect, formatKubeconfig, parseKubeconfig, type KubeObject } from '@cnap/kubernetes';
import { parse } from 'yaml';

const rbac = 'rbac.authorization.k8s.io';
const namespace = 'kube-public';

export type ServiceAccount = AsyncDisposable & {
  kubeconfig: string;
  /** Applies a ClusterRole as it was printed, and binds it. */
  grantAsPrinted(clusterRole: string): Promise<void>;
};

export async function aServiceAccount(adminKubeconfig: string, name: string): Promise<ServiceAccount> {
  const config = parseKubeconfig(adminKubeconfig);
  const admin = connect(config, {});
  const apply = (object: KubeObject) => admin.apply(object, { fieldManager: 'test' });
  await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
  const { status } = await admin.request<{ status: { token: string } }>(
    'POST',
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } },
  );
  return {
    kubeconfig: formatKubeconfig({
      context: name,
      server: config.server,
      ...(config.ca === undefined ? {} : { ca: config.ca }),
      token: status.token,
    }),
    async grantAsPrinted(text) {
      const role = parse(text) as KubeObject;
      await apply(role);
      await apply({
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name: `${role.metadata.name}-${name}` },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role.metadata.name },
        subjects: [{ kind: 'ServiceAccount', name, namespace }],
      });
    },
    [Symbol.asyncDispose]: () => admin[Symbol.asyncDispose](),
  };
}

type AuditEvent = {
  verb: string;
  user: { username: string };
  objectRef?: { apiGroup?: string; resource?: string; subresource?: string; namespace?: string };
  responseStatus?: { code?: number };
  annotations?: Record<string, string>;
};

/** What a ServiceAccount asked for: `patch deployments.apps`, and what of it RBAC refused. */
export async function requestsOf(auditLogPath: string, name: string) {
  const lines = (await readFile(auditLogPath, 'utf8')).split('\n').filter((line) => line.endsWith('}'));
  const events = lines
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user }) => user.username === `system:serviceaccount:${namespace}:${name}`);
  const wordsOf = ({ verb, objectRef: { apiGroup = '', resource, subresource } = {} }: AuditEvent) =>
    resource === undefined
      ? []
      : [`${verb} ${subresource ? `${resource}/${subresource}` : resource}.${apiGroup}`];
  const refused = events.filter(
    ({ annotations, responseStatus }) =>
      annotations?.['authorization.k8s.io/decision'] === 'forbid' || responseStatus?.code === 403,
  );
  return { made: new Set(events.flatMap(wordsOf)), refused: new Set(refused.flatMap(wordsOf)) };
}
