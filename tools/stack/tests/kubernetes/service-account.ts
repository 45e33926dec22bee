// Somebody on a cluster who may do what they are granted, and what the API server wrote down of what they did.
import { readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, formatKubeconfig, parseKubeconfig, type KubeObject } from '@cnap/kubernetes';
import { findProgram } from '@cnap/programs';
import { parse } from 'yaml';

const namespace = 'kube-public';

export type ServiceAccount = AsyncDisposable & {
  kubeconfig: string;
  /** Does as docs/cluster-permissions.md says with a ClusterRole as it was printed. */
  grantAsPrinted(clusterRole: string): Promise<void>;
};

export async function aServiceAccount(adminKubeconfigPath: string, name: string): Promise<ServiceAccount> {
  const config = parseKubeconfig(await readFile(adminKubeconfigPath, 'utf8'));
  const { path: program } = await findProgram('kubectl');
  const kubectl = async (input: string, ...args: string[]) => {
    const child = spawn(program, ['--kubeconfig', adminKubeconfigPath, ...args], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    child.stdin.end(input);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}`);
  };
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
      const role = (parse(text) as KubeObject).metadata.name;
      const account = `--serviceaccount=${namespace}:${name}`;
      await kubectl(text, 'apply', '-f', '-');
      await kubectl('', 'create', 'clusterrolebinding', role, `--clusterrole=${role}`, account);
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
