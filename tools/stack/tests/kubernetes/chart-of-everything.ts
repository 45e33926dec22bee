// A chart with every kind that installs may bring, and a custom resource of a kind that it defines itself.
import { createHash } from 'node:crypto';
import { packChart } from '@cnap/helm';
import { serveFiles, type FileServer } from '@cnap/testing';
import { stringify } from 'yaml';

const name = '{{ .Release.Name }}';
const labels = { app: name };
const pod = {
  metadata: { labels },
  spec: {
    serviceAccountName: name,
    containers: [
      { name: 'web', image: 'docker.io/library/nginx:1.29', resources: { requests: { cpu: '10m' } } },
    ],
  },
};
const job = { spec: { ...pod.spec, serviceAccountName: 'default', restartPolicy: 'Never' } };
const selector = { matchLabels: labels };
const rbac = 'rbac.authorization.k8s.io';
const rules = [{ apiGroups: ['metrics.k8s.io'], resources: ['pods'], verbs: ['get'] }];
const subjects = [{ kind: 'ServiceAccount', name, namespace: '{{ .Release.Namespace }}' }];
const service = { name, namespace: '{{ .Release.Namespace }}' };

const object = (apiVersion: string, kind: string, rest: object = {}, metadata: object = {}) =>
  stringify({ apiVersion, kind, metadata: { name, ...metadata }, ...rest });
const hook = (event: string) => ({
  name: `${name}-${event}`,
  annotations: { 'helm.sh/hook': event, 'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded' },
});

const namespaced = [
  object('v1', 'ConfigMap', { data: { title: '{{ .Values.title }}' } }),
  object('v1', 'Secret', { stringData: { a: 'b' } }),
  object('v1', 'ServiceAccount'),
  object('v1', 'Service', { spec: { selector: labels, ports: [{ port: 80 }] } }),
  object('v1', 'PersistentVolumeClaim', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
  }),
  object('v1', 'LimitRange', { spec: { limits: [] } }),
  object('v1', 'ResourceQuota', { spec: { hard: { pods: '100' } } }),
  object('v1', 'Pod', { spec: pod.spec }),
  object('apps/v1', 'Deployment', { spec: { selector, template: pod } }),
  object(
    'apps/v1',
    'StatefulSet',
    { spec: { serviceName: name, selector, template: pod } },
    { name: `${name}-set` },
  ),
  object('apps/v1', 'ReplicaSet', { spec: { selector, template: pod } }, { name: `${name}-some` }),
  object('apps/v1', 'DaemonSet', { spec: { selector, template: pod } }),
  object('batch/v1', 'Job', { spec: { template: job } }),
  object('batch/v1', 'CronJob', {
    spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: job } } },
  }),
  object('networking.k8s.io/v1', 'Ingress', {
    spec: { defaultBackend: { service: { name, port: { number: 80 } } } },
  }),
  object('networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: {} } }),
  object('policy/v1', 'PodDisruptionBudget', { spec: { maxUnavailable: 1, selector } }),
  object('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
  }),
  object(`${rbac}/v1`, 'Role', { rules }),
  object(`${rbac}/v1`, 'RoleBinding', { roleRef: { apiGroup: rbac, kind: 'Role', name }, subjects }),
  object(
    `${rbac}/v1`,
    'RoleBinding',
    { roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'view' }, subjects },
    { name: `${name}-view` },
  ),
  object('batch/v1', 'Job', { spec: { template: job } }, hook('pre-install')),
  object('batch/v1', 'Job', { spec: { template: job } }, hook('post-upgrade')),
];

const group = 'everything.example.com';
const clusterWide = [
  object(`${rbac}/v1`, 'ClusterRole', { rules }),
  object(`${rbac}/v1`, 'ClusterRoleBinding', {
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
    subjects,
  }),
  object('networking.k8s.io/v1', 'IngressClass', { spec: { controller: 'example.com/none' } }),
  object('scheduling.k8s.io/v1', 'PriorityClass', { value: 1 }),
  object('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', { webhooks: [] }),
  object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', { webhooks: [] }),
  object(
    'apiregistration.k8s.io/v1',
    'APIService',
    {
      spec: {
        group,
        version: 'v9',
        groupPriorityMinimum: 1,
        versionPriority: 1,
        insecureSkipTLSVerify: true,
        service,
      },
    },
    { name: `v9.${group}` },
  ),
  object(`${group}/v1`, 'Gadget', { spec: { size: 1 } }),
];
const crd = object(
  'apiextensions.k8s.io/v1',
  'CustomResourceDefinition',
  {
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  },
  { name: `gadgets.${group}` },
);

/**
 * A Helm repository with the charts `tame` (namespaced kinds), `everything` (cluster-wide ones, too) and `taken` (one
 * that every cluster has).
 */
export async function startChartsOfEverything(): Promise<FileServer> {
  const server = await serveFiles();
  const entries: Record<string, object[]> = {};
  const add = (chart: string, files: Record<string, string>) => {
    const bytes = packChart({
      files: {
        'Chart.yaml': `apiVersion: v2\nname: ${chart}\nversion: 1.0.0\n`,
        'values.yaml': 'title: fine\n',
        ...files,
      },
    });
    server.files.set(`/${chart}-1.0.0.tgz`, bytes);
    const digest = createHash('sha256').update(bytes).digest('hex');
    entries[chart] = [{ name: chart, version: '1.0.0', urls: [`${chart}-1.0.0.tgz`], digest }];
  };
  const documents = (objects: string[]) => objects.join('---\n');
  add('tame', { 'templates/all.yaml': documents(namespaced) });
  add('everything', {
    'templates/all.yaml': documents([...namespaced, ...clusterWide]),
    'crds/gadget.yaml': crd,
  });
  add('taken', { 'templates/all.yaml': object(`${rbac}/v1`, 'ClusterRole', { rules }, { name: 'view' }) });
  server.files.set('/index.yaml', JSON.stringify({ apiVersion: 'v1', entries }));
  return server;
}
