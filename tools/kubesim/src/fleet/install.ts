const labels = (name: string) => ({ 'cnap.tech/install': name, 'app.kubernetes.io/managed-by': 'Helm' });

const object = (apiVersion: string, kind: string, name: string, fields: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name, labels: labels(name) },
  ...fields,
});

/** Path and object of everything that an install of a small chart brings, in order; its controllers' objects aside. */
export function objectsOf(name: string): { path: string; object: object }[] {
  const within = (group: string, resource: string, made: object) => ({
    path: `${group}/namespaces/${name}/${resource}/${name}`,
    object: made,
  });
  const selector = { app: name };
  const pod = {
    serviceAccountName: name,
    containers: [
      {
        name: 'web',
        image: 'docker.io/library/nginx:1',
        ports: [{ name: 'http', containerPort: 80 }],
        resources: { requests: { cpu: '1m', memory: '16Mi' } },
        envFrom: [{ configMapRef: { name } }],
        readinessProbe: { httpGet: { path: '/', port: 'http' } },
      },
    ],
  };
  return [
    { path: `/api/v1/namespaces/${name}`, object: object('v1', 'Namespace', name) },
    within(
      '/apis/networking.k8s.io/v1',
      'networkpolicies',
      object('networking.k8s.io/v1', 'NetworkPolicy', name, {
        spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] },
      }),
    ),
    within('/api/v1', 'serviceaccounts', object('v1', 'ServiceAccount', name)),
    within('/api/v1', 'configmaps', object('v1', 'ConfigMap', name, { data: { greeting: 'hello' } })),
    within('/api/v1', 'secrets', object('v1', 'Secret', name, { stringData: { password: 'p'.repeat(24) } })),
    within(
      '/api/v1',
      'services',
      object('v1', 'Service', name, { spec: { selector, ports: [{ name: 'http', port: 80 }] } }),
    ),
    within(
      '/apis/policy/v1',
      'poddisruptionbudgets',
      object('policy/v1', 'PodDisruptionBudget', name, {
        spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
      }),
    ),
    within(
      '/apis/apps/v1',
      'deployments',
      object('apps/v1', 'Deployment', name, {
        spec: {
          replicas: 1,
          selector: { matchLabels: selector },
          template: { metadata: { labels: { ...selector, ...labels(name) } }, spec: pod },
        },
      }),
    ),
  ];
}
