import type { KubeObject } from '@cnap/kubernetes';

import type { engineDriver } from '../engine-driver.ts';

/** The engine on the cluster under test. */
export type Driver = ReturnType<typeof engineDriver>;

type Template = { image?: string; container?: object; pod?: object };

/** An image of this tag does what it says, on kubesim and on the nodes of the real control plane. */
export const imageThat = (does: 'runs' | 'never-pulls' | 'crashes' | 'late' | 'never-ready'): string =>
  `example.com/app:${does}`;

const template = (app: string, { image = imageThat('runs'), container, pod }: Template) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image, ...container }], ...pod },
});

export const deployment = (name: string, more: Template & { spec?: object } = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: template(name, more), ...more.spec },
});

export const statefulSet = (name: string, more: Template & { spec?: object } = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name },
  spec: {
    serviceName: name,
    selector: { matchLabels: { app: name } },
    template: template(name, more),
    ...more.spec,
  },
});

export const daemonSet = (name: string, more: Template = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: template(name, more) },
});

export const job = (name: string, more: Template & { spec?: object } = {}): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: template(name, { ...more, pod: { restartPolicy: 'Never', ...more.pod } }), ...more.spec },
});

export const configMap = (
  name: string,
  data: Record<string, string> = {},
  metadata: object = {},
): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data });

export const volumeClaim = (name: string, storageClassName?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    ...(storageClassName === undefined ? {} : { storageClassName }),
  },
});
