import { join } from 'node:path';

export interface ClusterFiles {
  folder: string;
  kubeconfig: string;
  /** Written by the API server: its own certificate, and who signed it. */
  certificate: string;
  token: string;
}

export interface Ports {
  apiServer: number;
  etcd: number;
  etcdPeer: number;
  controllerManager: number;
  scheduler: number;
  kwok: number;
}

const here = '127.0.0.1';

/** Where the API server writes down who asked for what. */
export const auditLogOf = ({ folder }: ClusterFiles): string => join(folder, 'log', 'audit');

/** Further arguments of the API server. */
export const auditing = (files: ClusterFiles): string[] => [
  `--audit-policy-file=${join(files.folder, 'audit.yaml')}`,
  `--audit-log-path=${auditLogOf(files)}`,
];

/** The arguments of each program. */
export const commands = {
  etcd({ folder }: ClusterFiles, ports: Ports) {
    const client = `http://${here}:${ports.etcd}`;
    const peer = `http://${here}:${ports.etcdPeer}`;
    return [
      `--data-dir=${join(folder, 'etcd')}`,
      '--unsafe-no-fsync',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ];
  },

  'kube-apiserver'({ folder }: ClusterFiles, ports: Ports) {
    const pki = join(folder, 'pki');
    return [
      `--etcd-servers=http://${here}:${ports.etcd}`,
      `--bind-address=${here}`,
      `--advertise-address=${here}`,
      `--secure-port=${ports.apiServer}`,
      `--cert-dir=${pki}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(pki, 'sa.pub')}`,
      `--service-account-signing-key-file=${join(pki, 'sa.key')}`,
      `--token-auth-file=${join(pki, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/16',
      '--allow-privileged=true',
      '--endpoint-reconciler-type=none',
    ];
  },

  'kube-controller-manager'({ folder, kubeconfig, certificate }: ClusterFiles, ports: Ports) {
    return [
      `--kubeconfig=${kubeconfig}`,
      `--service-account-private-key-file=${join(folder, 'pki', 'sa.key')}`,
      `--root-ca-file=${certificate}`,
      '--use-service-account-credentials=false',
      '--leader-elect=false',
      `--bind-address=${here}`,
      `--secure-port=${ports.controllerManager}`,
      `--cert-dir=${join(folder, 'pki')}`,
      '--enable-hostpath-provisioner', // volumes are folders below /tmp/hostpath_pv, where nothing is written
      '--concurrent-deployment-syncs=20',
      '--concurrent-replicaset-syncs=20',
      '--horizontal-pod-autoscaler-sync-period=2s',
      '--kube-api-qps=1000',
      '--kube-api-burst=2000',
    ];
  },

  'kube-scheduler'({ folder, kubeconfig }: ClusterFiles, ports: Ports) {
    return [
      `--kubeconfig=${kubeconfig}`,
      '--leader-elect=false',
      `--bind-address=${here}`,
      `--secure-port=${ports.scheduler}`,
      `--cert-dir=${join(folder, 'pki')}`,
      '--kube-api-qps=1000',
      '--kube-api-burst=2000',
    ];
  },

  kwok({ folder, kubeconfig }: ClusterFiles, ports: Ports) {
    return [
      `--config=${join(folder, 'stages.yaml')}`,
      `--kubeconfig=${kubeconfig}`,
      '--manage-all-nodes',
      '--node-lease-duration-seconds=40',
      `--server-address=${here}:${ports.kwok}`,
      `--node-ip=${here}`,
      `--node-port=${ports.kwok}`,
    ];
  },
} satisfies Record<string, (files: ClusterFiles, ports: Ports) => string[]>;

export type ComponentName = keyof typeof commands;
