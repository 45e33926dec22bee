// Charts as the catalog would hand them out: one umbrella chart with the chart under its alias.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packChart, readArchive } from '@cnap/helm';

const sampleFolder = fileURLToPath(new URL('../../../tools/stack/charts/sample/', import.meta.url));

type Files = Record<string, Uint8Array | string>;

export const digestOf = (artifact: Uint8Array): string =>
  `sha256:${createHash('sha256').update(artifact).digest('hex')}`;

/** An umbrella chart with one chart in it. */
export const umbrella = (name: string, version: string, files: Files): Uint8Array =>
  packChart({
    files: {
      'Chart.yaml': JSON.stringify({
        apiVersion: 'v2',
        name: 'cnap-package',
        version: '1.0.0',
        dependencies: [{ name, version, alias: name }],
      }),
      ...Object.fromEntries(
        Object.entries(files).map(([path, content]) => [`charts/${name}/${path}`, content]),
      ),
    },
  });

/** The sample chart under the alias `sample`. */
export function sampleChart(): Uint8Array {
  const paths = readdirSync(sampleFolder, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => statSync(join(sampleFolder, path)).isFile());
  return umbrella(
    'sample',
    '*',
    Object.fromEntries(files.map((path) => [path, readFileSync(join(sampleFolder, path))])),
  );
}

/** A chart of these templates under the alias `app`. */
export const chartOf = (templates: Record<string, string>, values: object = {}): Uint8Array =>
  umbrella('app', '1.0.0', {
    'Chart.yaml': JSON.stringify({ apiVersion: 'v2', name: 'app', version: '1.0.0' }),
    'values.yaml': JSON.stringify(values),
    ...Object.fromEntries(Object.entries(templates).map(([name, text]) => [`templates/${name}`, text])),
  });

/** A real chart of `CNAP_TEST_CHARTS` under its own name. */
export function realChart(folder: string, name: string): Uint8Array {
  const file = readdirSync(folder).find((one) => one.startsWith(`${name}-`) && one.endsWith('.tgz'));
  if (!file) throw new Error(`there is no chart ${name}`);
  const files = [...readArchive(readFileSync(join(folder, file)))].map(
    ([path, content]): [string, Uint8Array] => [path.slice(path.indexOf('/') + 1), content],
  );
  return umbrella(name, '*', Object.fromEntries(files));
}

/** A Deployment whose image decides how it goes. */
export const deployment = (image = '{{ .Values.image }}', more = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: "{{ .Release.Name }}" }
spec:
  replicas: 1
  selector: { matchLabels: { app: "{{ .Release.Name }}" } }
  template:
    metadata: { labels: { app: "{{ .Release.Name }}" } }
    spec:
      securityContext: { runAsNonRoot: true, runAsUser: 101, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: web
          image: "${image}"
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
${more}`;
