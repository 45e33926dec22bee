import { createHash } from 'node:crypto';
import {
  connect,
  formatKubeconfig,
  KubernetesError,
  parseKubeconfig,
  type AccessQuestion,
  type Cluster,
  type KubeObject,
} from '@cnap/kubernetes';
import { stringify } from 'yaml';
import type { ImportFindings, ImportOptions, KubernetesPort, NeededPermission } from '../cluster/port.ts';
import { readCapacity } from './capacity.ts';
import { neededPermissions, rbacRules } from './permissions.ts';
import { troubleOf } from './trouble.ts';

const callTimeoutMs = 5_000;
const oldestMinor = 33;

type Connection = { revision: string; cluster: Cluster };

/** The connections of this service: one for each cluster, kept while its kubeconfig stays the same. */
export function openKubernetes(): KubernetesPort & AsyncDisposable {
  const connections = new Map<string, Connection>();

  const connection = async (id: string, revision: string, kubeconfig: () => string): Promise<Cluster> => {
    const known = connections.get(id);
    if (known?.revision === revision) return known.cluster;
    const cluster = connect(parseKubeconfig(kubeconfig()), { callTimeoutMs, maxConnections: 4 });
    connections.set(id, { revision, cluster });
    await known?.cluster[Symbol.asyncDispose]();
    return cluster;
  };

  return {
    inspect,

    async observe({ id, revision, uid }, kubeconfig, withCapacity, signal) {
      try {
        const cluster = await connection(id, revision, kubeconfig);
        // The version alone is told to everybody, and by a server that has lost its database.
        const [{ gitVersion }, found] = await Promise.all([cluster.version(signal), uidOf(cluster, signal)]);
        if (found !== uid) return { answered: false, reason: 'ANOTHER_CLUSTER', message: anotherCluster };
        const capacity = withCapacity ? await readCapacity(cluster, signal) : undefined;
        return { answered: true, kubernetesVersion: gitVersion, ...(capacity ? { capacity } : {}) };
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof KubernetesError && error.code === 429)
          return { answered: 'later', afterMs: error.retryAfterMs ?? 0 };
        return { answered: false, ...troubleOf(error) };
      }
    },

    async forget(clusterId) {
      const known = connections.get(clusterId);
      connections.delete(clusterId);
      await known?.cluster[Symbol.asyncDispose]();
    },

    async [Symbol.asyncDispose]() {
      await Promise.all([...connections.values()].map(({ cluster }) => cluster[Symbol.asyncDispose]()));
    },
  };
}

async function inspect(text: string, options: ImportOptions, signal: AbortSignal): Promise<ImportFindings> {
  const config = parseKubeconfig(text, options.context === '' ? {} : { context: options.context });
  const found: ImportFindings = {
    checks: [{ name: 'parses', reason: '', message: `Context "${config.context}" is used.` }],
    missing: [],
    clusterRoleYaml: '',
    kubernetesVersion: '',
    server: config.server,
    clusterUid: '',
    kubeconfig: formatKubeconfig(config),
    capacity: undefined,
  };
  await using cluster = connect(config, { callTimeoutMs, maxConnections: 8 });
  try {
    const { gitVersion, major, minor } = await cluster.version(signal);
    found.kubernetesVersion = gitVersion;
    found.checks.push({ name: 'reachable', reason: '', message: `${config.server} answers.` });
    const recent = major > 1 || minor >= oldestMinor;
    found.checks.push(
      recent
        ? { name: 'version', reason: '', message: `Kubernetes ${gitVersion}.` }
        : {
            name: 'version',
            reason: 'KUBERNETES_TOO_OLD',
            message: `Kubernetes ${gitVersion} is older than 1.${oldestMinor}, the oldest that is supported.`,
          },
    );
    if (!recent) return found;
    found.missing = await missingPermissions(cluster, options.clusterWideObjects, signal);
    if (found.missing.length > 0) {
      found.clusterRoleYaml = clusterRole(found.missing);
      found.checks.push({
        name: 'permissions',
        reason: 'PERMISSIONS_MISSING',
        message: wordsFor(found.missing),
      });
      return found;
    }
    found.clusterUid = (await uidOf(cluster, signal)) ?? '';
    found.capacity = await readCapacity(cluster, signal);
    found.checks.push({
      name: 'permissions',
      reason: '',
      message: 'Everything that installs need is allowed.',
    });
  } catch (error) {
    found.checks.push({
      name: 'reachable',
      reason: 'CLUSTER_UNREACHABLE',
      message: `${config.server} cannot be used: ${troubleOf(error).message}`,
    });
  }
  return found;
}

const anotherCluster =
  'Another cluster answers at its address: it was made anew, or its address was given away. Import that one.';

/** Of the namespace that every cluster has from its first moment: tells clusters apart. */
async function uidOf(cluster: Cluster, signal: AbortSignal): Promise<string | undefined> {
  const namespace = await cluster.request<KubeObject>('GET', '/api/v1/namespaces/kube-system', { signal });
  return namespace.metadata?.uid;
}

async function missingPermissions(
  cluster: Cluster,
  clusterWideObjects: boolean,
  signal: AbortSignal,
): Promise<NeededPermission[]> {
  const everything = { verb: '*', group: '*', resource: '*' };
  const [all] = await cluster.accessReview([everything], signal);
  if (all?.allowed) return [];
  const needed = neededPermissions(clusterWideObjects);
  const answers = await cluster.accessReview(needed.map(toQuestion), signal);
  return needed.filter((_, index) => !answers[index]?.allowed);
}

function toQuestion({ group, resource, verb }: NeededPermission): AccessQuestion {
  const [name = resource, subresource] = resource.split('/');
  return { verb, group, resource: name, ...(subresource === undefined ? {} : { subresource }) };
}

function wordsFor(missing: readonly NeededPermission[]): string {
  const lines = rbacRules(missing).map(
    ({ apiGroups, resources, verbs }) =>
      `${verbs.join(', ')} ${resources.map((name) => (apiGroups[0] ? `${name}.${apiGroups[0]}` : name)).join(', ')}`,
  );
  return `The kubeconfig's user lacks ${missing.length} permissions: ${lines.join('; ')}.`;
}

/** Named after what it grants: another one that was offered earlier, for less, is not replaced by it. */
function clusterRole(missing: readonly NeededPermission[]): string {
  const rules = rbacRules(missing);
  const digest = createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 8);
  return stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: `cnap-installer-${digest}` },
    rules,
  });
}
