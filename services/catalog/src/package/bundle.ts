// The umbrella chart of a package: a dependency per source, by the source's alias.
import { createHash } from 'node:crypto';
import { DomainError } from '@cnap/errors';
import {
  type Chart,
  chartFiles,
  type Files,
  packageLimits,
  packChart,
  readArchive,
  readChart,
} from '@cnap/helm';
import type { Part, StoredSource } from '../database.ts';
import { sortedJson } from '../sorted-json.ts';
import { allRanges } from './kubernetes-range.ts';

export type Bundle = { bytes: Uint8Array; digest: string };

/** The name of every umbrella chart: names of objects must not hang on what a seller may change. */
const umbrellaName = 'cnap-package';

/**
 * The same sources, charts and values give the same bytes.
 * @param charts what was fetched for each part, by its key
 * @throws DomainError ARCHIVE_TOO_LARGE above 20 MiB, and those of `readChart`
 */
export function bundle(sources: StoredSource[], parts: Part[], charts: Map<string, Uint8Array>): Bundle {
  const files: Files = new Map();
  const dependencies: { name: string; version: string; repository: string }[] = [];
  const ranges: string[] = [];
  for (const source of sources) {
    const chart = chartOf(charts, source.alias);
    for (const [path, content] of renamed(chart, source.alias)) {
      files.set(`charts/${source.alias}/${path}`, content);
    }
    dependencies.push({ name: source.alias, version: chart.version, repository: '' });
    if (chart.kubeVersion !== undefined) ranges.push(chart.kubeVersion);
  }
  for (const part of parts.filter(({ key }) => key.includes('/'))) {
    const folder = part.key.split('/').join('/charts/');
    for (const [path, content] of unpacked(chartOf(charts, part.key))) {
      files.set(`charts/${folder}/${path}`, content);
    }
  }
  const range = allRanges(ranges);
  const waits = sources.flatMap(({ alias, waitFor }) => (waitFor ? [[alias, waitFor] as const] : []));
  files.set(
    'Chart.yaml',
    text({
      apiVersion: 'v2',
      name: umbrellaName,
      version: '0.0.0',
      type: 'application',
      dependencies,
      ...(range === '' ? {} : { kubeVersion: range }),
      // It is in the bytes, so that a template that waits for something else is another package.
      ...(waits.length === 0
        ? {}
        : { annotations: { 'cnap.tech/wait-for': sortedJson(Object.fromEntries(waits)) } }),
    }),
  );
  files.set('values.yaml', text(Object.fromEntries(sources.map(({ alias, values }) => [alias, values]))));
  checkSize(files);
  const bytes = packChart({ files });
  return { bytes, digest: digestOf(bytes) };
}

/** `sha256:` and hex. */
export const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

// JSON is YAML.
const text = (value: unknown): Uint8Array => Buffer.from(`${sortedJson(value)}\n`);

function chartOf(charts: Map<string, Uint8Array>, key: string): Chart {
  const bytes = charts.get(key);
  if (bytes === undefined) throw new Error(`nothing was fetched for ${key}`);
  return readChart(bytes);
}

/**
 * The files of a chart, with charts that are archives inside it unpacked: what Helm would unpack has then been
 * through our limits.
 */
function unpacked(chart: Chart): Files {
  const files: Files = new Map();
  for (const [path, content] of chart.files) {
    if (!/^charts\/[^/]+\.tgz$/.test(path)) {
      files.set(path, content);
      continue;
    }
    const inner = readChart(content);
    const folder = freeFolder(chart.files, files, inner);
    for (const [innerPath, innerContent] of unpacked(inner))
      files.set(`${folder}/${innerPath}`, innerContent);
  }
  return files;
}

function freeFolder(all: Files, unpackedSoFar: Files, { name, version }: Chart): string {
  const taken = (folder: string) => [all, unpackedSoFar].some((files) => files.has(`${folder}/Chart.yaml`));
  const folder = `charts/${name}`;
  return taken(folder) ? `${folder}-${version}` : folder;
}

/** Helm gives a chart with an alias the alias as its name; here it is written down, so that it cannot be confused. */
function renamed(chart: Chart, alias: string): Files {
  const files = unpacked(chart);
  return chart.name === alias ? files : files.set('Chart.yaml', text({ ...chart.metadata, name: alias }));
}

/** Before packing, which takes time in proportion. */
function checkSize(files: Files): void {
  let size = 0;
  for (const content of files.values()) size += content.byteLength;
  if (size > packageLimits.maxUnpackedBytes || files.size > packageLimits.maxEntries) {
    throw new DomainError(
      'resource-exhausted',
      'ARCHIVE_TOO_LARGE',
      `The package would hold ${files.size} files of ${Math.ceil(size / 1024 / 1024)} MiB together; ${packageLimits.maxEntries} files and ${packageLimits.maxUnpackedBytes / 1024 / 1024} MiB are allowed.`,
    );
  }
}

/** The charts of the sources as they are in a package, by alias. */
export function chartsIn(artifact: Uint8Array, aliases: string[]): Map<string, Files> {
  const all = chartFiles(readArchive(artifact, packageLimits));
  return new Map(
    aliases.map((alias) => {
      const folder = `charts/${alias}/`;
      const own = [...all].filter(([path]) => path.startsWith(folder));
      return [alias, new Map(own.map(([path, content]) => [path.slice(folder.length), content]))];
    }),
  );
}
