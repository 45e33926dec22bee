// A Helm repository of charts that go wrong, each in its own way.
import { createHash } from 'node:crypto';
import { packChart } from '@cnap/helm';
import { serveFiles, type FileServer } from '@cnap/testing';

const nameOf = '{{ .Release.Name }}';

const charts: Record<string, string> = {
  // The API refuses the object when the buyer's title is no name.
  refused: `apiVersion: v1
kind: ConfigMap
metadata:
  name: ${nameOf}-first
data: { title: {{ .Values.title | quote }} }
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ printf "%s-%s" .Release.Name .Values.title | quote }}
`,
  // Renders with its own values, and not with the buyer's.
  picky: `{{ if ne .Values.title "fine" }}{{ fail (printf "the title must be fine, not %s" .Values.title) }}{{ end }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${nameOf}
`,
  // Does not render at all.
  broken: `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Values.title.deep.deeper }}
`,
  // Renders to something that is not YAML.
  garbled: `apiVersion: v1
kind: ConfigMap
  metadata: [
`,
};

/** Serves them; the answer's `files` may be changed to make the repository itself go wrong. */
export async function startBadCharts(): Promise<FileServer> {
  const server = await serveFiles();
  const entries: Record<string, object[]> = {};
  for (const [name, template] of Object.entries(charts)) {
    const bytes = packChart({
      files: {
        'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`,
        'values.yaml': 'title: fine\n',
        'templates/objects.yaml': template,
      },
    });
    server.files.set(`/${name}-1.0.0.tgz`, bytes);
    const digest = createHash('sha256').update(bytes).digest('hex');
    entries[name] = [{ name, version: '1.0.0', urls: [`${name}-1.0.0.tgz`], digest }];
  }
  server.files.set('/index.yaml', JSON.stringify({ apiVersion: 'v1', entries }));
  return server;
}
