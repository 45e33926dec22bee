// A Helm repository made by the test.
import { createHash } from 'node:crypto';
import { packChart } from '@cnap/helm';
import { type FileServer, type ServedFile, serveFiles } from '@cnap/testing';

export type ChartFiles = Record<string, string>;

export type Repository = FileServer & {
  /** Adds a version of a chart; `change` alters its entry in the index. */
  publish(
    name: string,
    version: string,
    files?: ChartFiles,
    change?: { digest?: string; url?: string },
  ): Uint8Array;
  /** Serves these bytes as the archive of a version. */
  publishBytes(
    name: string,
    version: string,
    bytes: Uint8Array,
    change?: { digest?: string; url?: string },
  ): void;
};

const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
data:
  title: {{ .Values.title | quote }}
`;

/** What a chart has unless a test says otherwise. */
const defaults: ChartFiles = { 'values.yaml': 'title: hello\n', 'templates/config.yaml': configMap };

export async function startRepository(files: Record<string, ServedFile> = {}): Promise<Repository> {
  const server = await serveFiles({ files });
  const entries: Record<string, { version: string; urls: string[]; digest?: string }[]> = {};
  const publishBytes: Repository['publishBytes'] = (name, version, bytes, change = {}) => {
    const path = `${name}-${version}.tgz`;
    server.files.set(`/${path}`, bytes);
    const digest = change.digest ?? createHash('sha256').update(bytes).digest('hex');
    (entries[name] ??= []).push({ version, urls: [change.url ?? path], digest });
    server.files.set('/index.yaml', JSON.stringify({ apiVersion: 'v1', entries }));
  };
  return {
    ...server,
    publishBytes,
    publish(name, version, own = {}, change = {}) {
      const chart = {
        'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version}\n`,
        ...defaults,
        ...own,
      };
      const bytes = packChart({ files: chart });
      publishBytes(name, version, bytes, change);
      return bytes;
    },
  };
}
