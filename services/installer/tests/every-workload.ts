// A chart of every kind that makes pods.
import { chartOf, deployment } from './charts.ts';

const podSpec = (name: string) => `
    metadata: { labels: { app: "{{ .Release.Name }}-${name}" } }
    spec: { containers: [{ name: main, image: "docker.io/library/redis:7" }] }`;
const selector = (name: string) => `selector: { matchLabels: { app: "{{ .Release.Name }}-${name}" } }`;
/** Everything that makes pods, in each of its ways; the autoscaler wants three of the first. */
export const everyWorkload = () =>
  chartOf({
    'web.yaml': deployment('docker.io/library/nginx:1').replace('  replicas: 1\n', ''),
    'hpa.yaml': `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: "{{ .Release.Name }}" }
spec:
  minReplicas: 3
  maxReplicas: 9
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: "{{ .Release.Name }}" }
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 80 } } }]
`,
    'worker.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata: { name: worker }
spec:
  replicas: {{ .Values.workers | default 2 }}
  ${selector('worker')}
  template:${podSpec('worker')}
`,
    'off.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata: { name: "off" }
spec:
  replicas: 0
  ${selector('off')}
  template:${podSpec('off')}
`,
    'data.yaml': `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: data }
spec:
  serviceName: data
  replicas: 2
  ${selector('data')}
  template:${podSpec('data')}
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`,
    'set.yaml': `
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: alone }
spec:
  replicas: 1
  ${selector('alone')}
  template:${podSpec('alone')}
`,
    'agent.yaml': `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  ${selector('agent')}
  template:${podSpec('agent')}
`,
    'nightly.yaml': `
apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec: { restartPolicy: Never, containers: [{ name: main, image: "docker.io/library/busybox:1" }] }
`,
    'paused.yaml': `
apiVersion: batch/v1
kind: CronJob
metadata: { name: paused }
spec:
  schedule: "0 4 * * *"
  suspend: true
  jobTemplate:
    spec:
      template:
        spec: { restartPolicy: Never, containers: [{ name: main, image: "docker.io/library/busybox:1" }] }
`,
    'config.yaml': `{ apiVersion: v1, kind: ConfigMap, metadata: { name: config }, data: { a: b } }`,
  });
