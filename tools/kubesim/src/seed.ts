import type { Cluster } from './api/cluster.ts';
import { createObject } from './api/write.ts';
import type { KubeObject } from './objects/object.ts';
import { storageKey } from './kinds/kind.ts';
import { timestamp } from './objects/object.ts';

const nodeResources = { cpu: '64', memory: '512Gi', pods: '20000', 'ephemeral-storage': '1Ti' };

function node(name: string, at: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'beta.kubernetes.io/arch': 'amd64',
      },
    },
    spec: {},
    status: {
      allocatable: nodeResources,
      capacity: nodeResources,
      addresses: [
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'Hostname', address: name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
          lastHeartbeatTime: at,
          lastTransitionTime: at,
        },
      ],
      nodeInfo: {
        architecture: 'amd64',
        operatingSystem: 'linux',
        osImage: 'kubesim',
        kernelVersion: 'none',
        kubeletVersion: 'v1.36.3',
        containerRuntimeVersion: 'kubesim://1',
        kubeProxyVersion: '',
        machineID: '',
        systemUUID: '',
        bootID: '',
      },
    },
  };
}

const rbac = 'rbac.authorization.k8s.io/v1';
const everything = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];
const contents = {
  apiGroups: ['', 'apps', 'batch', 'autoscaling', 'networking.k8s.io', 'policy', 'discovery.k8s.io'],
  resources: ['*'],
};

function objects(nodes: number, at: string): KubeObject[] {
  const named = (apiVersion: string, kind: string, name: string, rest: object = {}): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name },
    ...rest,
  });
  return [
    ...['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) =>
      named('v1', 'Namespace', name),
    ),
    ...Array.from({ length: nodes }, (_, index) => node(`node-${index}`, at)),
    {
      ...named('storage.k8s.io/v1', 'StorageClass', 'standard', { provisioner: 'kubernetes.io/host-path' }),
      metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    },
    named('scheduling.k8s.io/v1', 'PriorityClass', 'system-cluster-critical', { value: 2_000_000_000 }),
    named('scheduling.k8s.io/v1', 'PriorityClass', 'system-node-critical', { value: 2_000_001_000 }),
    named(rbac, 'ClusterRole', 'cluster-admin', { rules: everything }),
    named(rbac, 'ClusterRole', 'admin', { rules: [{ ...contents, verbs: ['*'] }] }),
    named(rbac, 'ClusterRole', 'edit', { rules: [{ ...contents, verbs: ['*'] }] }),
    named(rbac, 'ClusterRole', 'view', { rules: [{ ...contents, verbs: ['get', 'list', 'watch'] }] }),
    named(rbac, 'ClusterRoleBinding', 'cluster-admin', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:masters' }],
    }),
  ];
}

/** What an empty cluster has. Existing objects, from a data folder, stay as they are. */
export function seed(cluster: Cluster, nodes: number): void {
  for (const object of objects(nodes, timestamp(cluster.now()))) {
    const kind = cluster.registry.byApiVersion(object.apiVersion, object.kind);
    if (!kind) throw new Error(`kubesim seeds a kind it does not know: ${object.kind}`);
    if (!cluster.store.get(storageKey(kind), '', object.metadata.name)) {
      createObject(cluster, kind, '', object, { admit: () => undefined });
    }
  }
  const service = cluster.registry.byApiVersion('v1', 'Service');
  if (!service || cluster.store.get('services', 'default', 'kubernetes')) return;
  const kubernetes = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, targetPort: 6443 }] },
  };
  createObject(cluster, service, 'default', kubernetes, { admit: () => undefined });
}
