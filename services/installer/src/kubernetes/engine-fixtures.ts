import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Rendered, packChart } from '@cnap/helm';
import type { KubeObject } from '@cnap/kubernetes';

export const chartsFolder = process.env['CNAP_TEST_CHARTS'];
const sampleFolder = fileURLToPath(new URL('../../../../tools/stack/charts/sample/', import.meta.url));

/** The sample chart, packed from its folder. */
export function sampleChart(): Uint8Array {
  const paths = readdirSync(sampleFolder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.\w+$/.test(path),
  );
  return packChart({
    files: Object.fromEntries(paths.map((path) => [path, readFileSync(join(sampleFolder, path))])),
  });
}

export function realChart(name: string): string {
  const file = readdirSync(chartsFolder ?? '').find(
    (one) => one.startsWith(`${name}-`) && one.endsWith('.tgz'),
  );
  if (!file) throw new Error(`there is no chart ${name}`);
  return join(chartsFolder ?? '', file);
}

export const nothing: Rendered = { objects: [], sources: [], hooks: [], crds: [], notes: '' };

export function widget(group: string): KubeObject {
  return { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w' }, spec: { size: 1 } };
}

export function podWith(container: object): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: { containers: [{ name: 'c', image: 'docker.io/library/busybox:1.37', ...container }] },
  };
}
