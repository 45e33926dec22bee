import { packChart } from '@cnap/helm';

const labels = `labels: { app.kubernetes.io/instance: "{{ .Release.Name }}" }`;
const named = (apiVersion: string, kind: string, rest: string): string => `
apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: "{{ .Release.Name }}"
  ${labels}
${rest}`;

/** Six objects, as small charts commonly have them; the image decides what becomes of its pod on kubesim. */
const templates: Record<string, string> = {
  'account.yaml': named('v1', 'ServiceAccount', 'automountServiceAccountToken: false'),
  'config.yaml': named('v1', 'ConfigMap', 'data: { greeting: {{ .Values.greeting | quote }} }'),
  'secret.yaml': named('v1', 'Secret', 'stringData: { password: {{ randAlphaNum 24 | quote }} }'),
  'service.yaml': named(
    'v1',
    'Service',
    'spec: { selector: { app: "{{ .Release.Name }}" }, ports: [{ name: http, port: 80 }] }',
  ),
  'budget.yaml': named(
    'policy/v1',
    'PodDisruptionBudget',
    'spec: { maxUnavailable: 1, selector: { matchLabels: { app: "{{ .Release.Name }}" } } }',
  ),
  'deployment.yaml': named(
    'apps/v1',
    'Deployment',
    `spec:
  replicas: 1
  selector: { matchLabels: { app: "{{ .Release.Name }}" } }
  template:
    metadata: { labels: { app: "{{ .Release.Name }}" } }
    spec:
      serviceAccountName: "{{ .Release.Name }}"
      containers:
        - name: web
          image: "{{ .Values.image }}"
          ports: [{ name: http, containerPort: 80 }]
          resources: { requests: { cpu: 10m, memory: 16Mi } }
          envFrom: [{ configMapRef: { name: "{{ .Release.Name }}" } }]`,
  ),
};

const values = JSON.stringify({ image: 'docker.io/library/nginx:1', greeting: 'hello' });

const chartFiles = {
  'Chart.yaml': JSON.stringify({ apiVersion: 'v2', name: 'app', version: '1.0.0' }),
  'values.yaml': values,
  ...Object.fromEntries(Object.entries(templates).map(([name, text]) => [`templates/${name}`, text])),
};

/** The chart by itself, as a person would install it. */
export const plainChart = (): Uint8Array => packChart({ files: chartFiles });

/** As the catalog packs it: one umbrella with the chart in it. */
export const packagedChart = (): Uint8Array =>
  packChart({
    files: {
      'Chart.yaml': JSON.stringify({
        apiVersion: 'v2',
        name: 'package',
        version: '1.0.0',
        dependencies: [{ name: 'app', version: '1.0.0', alias: 'app' }],
      }),
      ...Object.fromEntries(Object.entries(chartFiles).map(([path, text]) => [`charts/app/${path}`, text])),
    },
  });

/** How many objects it has. */
export const objectsInChart = Object.keys(templates).length;
