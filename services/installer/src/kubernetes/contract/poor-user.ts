import { type Cluster, type KubeObject, formatKubeconfig, parseKubeconfig } from '@cnap/kubernetes';

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };

/** A service account with these rights in a namespace and none elsewhere; it goes with its namespace. */
export async function aPoorUser(cluster: Cluster, namespace: string, rules: Rule[]) {
  const name = 'poor';
  const metadata = { name, namespace };
  const rbac = 'rbac.authorization.k8s.io';
  const objects: KubeObject[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
  for (const object of objects) await cluster.apply(object, { fieldManager: 'test' });
  const { status } = await cluster.request<{ status: { token: string } }>(
    'POST',
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } },
  );
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    /** The administrator's, with this user's token in place of his. */
    kubeconfig(administrators: string): string {
      const { server, ca } = parseKubeconfig(administrators);
      return formatKubeconfig({ context: name, server, ...(ca && { ca }), token: status.token });
    },
  };
}
