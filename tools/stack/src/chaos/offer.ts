// What is sold under fire: a chart with cluster-wide objects, that can be told not to render.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CnapClient } from '@cnap/client';
import { packChart } from '@cnap/helm';
import { PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import type { Witnesses } from '../sale/verify.ts';
import type { PlannedPurchase } from './schedule.ts';

const chart = 'fire';
/** The answer with which it does not render. */
export const badMood = 'bad';

const name = '{{ .Release.Name }}';
const metadata = `metadata: { name: ${name} }`;
const objects = `{{ if eq .Values.mood "${badMood}" }}{{ fail "it is in a bad mood" }}{{ end }}
apiVersion: v1
kind: ConfigMap
${metadata}
data: { mood: {{ .Values.mood | quote }}, note: {{ .Values.note | quote }} }
---
apiVersion: v1
kind: Secret
${metadata}
data: { password: {{ randAlphaNum 24 | b64enc }} }
---
apiVersion: v1
kind: ServiceAccount
${metadata}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
${metadata}
rules: [{ apiGroups: [""], resources: [namespaces], verbs: [get, list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
${metadata}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${name} }
subjects: [{ kind: ServiceAccount, name: ${name}, namespace: {{ .Release.Namespace }} }]
---
apiVersion: v1
kind: PersistentVolumeClaim
${metadata}
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: apps/v1
kind: Deployment
${metadata}
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} }, annotations: { note: {{ .Values.note | quote }} } }
    spec:
      containers: [{ name: web, image: "docker.io/library/busybox:1.37", resources: { requests: { cpu: 10m } } }]
`;

/** The chart as a repository in a folder. */
export async function writeChart(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tgz = packChart({
    files: {
      'Chart.yaml': `apiVersion: v2\nname: ${chart}\nversion: 1.0.0\n`,
      'values.yaml': 'mood: good\nnote: none\n',
      'templates/objects.yaml': objects,
    },
  });
  const digest = createHash('sha256').update(tgz).digest('hex');
  const file = `${chart}-1.0.0.tgz`;
  await writeFile(join(folder, file), tgz);
  const entries = { [chart]: [{ name: chart, version: '1.0.0', urls: [file], digest }] };
  await writeFile(join(folder, 'index.yaml'), JSON.stringify({ apiVersion: 'v1', entries }));
}

/** What the buyers need to know of it. */
export type Offer = {
  products: Record<PlannedPurchase['price'], string>;
  sourceId: string;
  regionId: string;
};

/** Makes the template and its two products, while nothing is on fire yet. */
export async function makeOffer(
  seller: CnapClient,
  { stripe, stripeAccountId }: Witnesses,
  place: { repoUrl: string; clusterId: string; regionId: string },
): Promise<Offer> {
  const { template, packageId } = await seller.templates.createTemplate({
    name: 'Under fire',
    sources: [{ kind: { case: 'helmChart', value: { repoUrl: place.repoUrl, chart, version: '' } } }],
  });
  for (;;) {
    const { package: built } = await seller.packages.getPackage({ id: packageId });
    if (built?.state === PackageState.READY) break;
    if (built?.state === PackageState.FAILED) throw new Error(`the package failed: ${built.stateMessage}`);
    await pause(100);
  }
  const product = async (title: string, recurring: object) => {
    const price = await stripe.prices.create(
      { currency: 'eur', unit_amount: 2_500, product_data: { name: title }, ...recurring },
      { stripeAccount: stripeAccountId },
    );
    const { product: made } = await seller.products.createProduct({
      name: title,
      templateId: template?.id ?? '',
      clusterIds: [place.clusterId],
      stripePriceIds: [price.id],
      inputs: [
        {
          name: 'mood',
          path: 'mood',
          schema: { type: 'string', title: 'Mood', maxLength: 20 },
          required: true,
        },
      ],
    });
    return made?.id ?? '';
  };
  return {
    products: {
      one_time: await product('Under fire, for good', {}),
      monthly: await product('Under fire, monthly', { recurring: { interval: 'month' } }),
    },
    sourceId: template?.sources[0]?.id ?? '',
    regionId: place.regionId,
  };
}
