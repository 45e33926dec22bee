import { DomainError } from '@cnap/errors';

import {
  type ArchiveLimits,
  type Files,
  packageLimits,
  readArchive,
  sourceLimits,
  writeArchive,
} from './archive.ts';
import { YamlProblem, readYaml } from './yaml.ts';

/** An entry of `dependencies` in Chart.yaml (or requirements.yaml of Helm 2 charts). */
export type ChartDependency = {
  name: string;
  version: string;
  repository: string;
  alias?: string;
  condition?: string;
  tags?: string[];
};

export type Chart = {
  name: string;
  version: string;
  appVersion: string | undefined;
  description: string | undefined;
  /** Semantic version range that the chart asks for. */
  kubeVersion: string | undefined;
  type: 'application' | 'library';
  /** All of Chart.yaml. */
  metadata: Record<string, unknown>;
  dependencies: ChartDependency[];
  /** What is in `charts/`, by name and version. */
  bundled: { name: string; version: string }[];
  values: Record<string, unknown>;
  /** values.yaml as it is written, comments included. */
  valuesText: string;
  /** values.schema.json */
  valuesSchema: Record<string, unknown> | undefined;
  readme: string | undefined;
  /** Every file, by its path below the chart's folder. */
  files: Files;
};

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a packaged chart from a stranger, in memory.
 * @throws DomainError `ARCHIVE_INVALID`, `ARCHIVE_TOO_LARGE` or `CHART_INVALID`
 */
export function readChart(archive: Uint8Array, limits: ArchiveLimits = sourceLimits): Chart {
  return readChartFiles(chartFiles(readArchive(archive, limits)));
}

/** As {@link readChart}, for a chart that is unpacked already; paths are below the chart's folder. */
export function readChartFiles(files: Files): Chart {
  const metadata = yamlFile(files, 'Chart.yaml');
  if (!metadata) throw invalid('it has no Chart.yaml');
  const name = stringOf(metadata['name']);
  const version = stringOf(metadata['version']);
  if (name === undefined || !/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,249}$/.test(name))
    throw invalid('Chart.yaml has no usable name');
  if (version === undefined || !/^v?\d+(\.\d+){0,2}([-+].*)?$/.test(version)) {
    throw invalid('Chart.yaml has no usable version (semantic versioning)');
  }
  const schema = textFile(files, 'values.schema.json');
  return {
    name,
    version,
    appVersion: metadata['appVersion'] === undefined ? undefined : String(metadata['appVersion']),
    description: stringOf(metadata['description']),
    kubeVersion: stringOf(metadata['kubeVersion']),
    type: metadata['type'] === 'library' ? 'library' : 'application',
    metadata,
    dependencies: dependenciesOf(
      metadata['dependencies'] ?? yamlFile(files, 'requirements.yaml')?.['dependencies'],
    ),
    bundled: bundledIn(files),
    values: yamlFile(files, 'values.yaml') ?? {},
    valuesText: textFile(files, 'values.yaml') ?? '',
    valuesSchema: schema === undefined ? undefined : jsonObject(schema, 'values.schema.json'),
    readme: textFile(files, 'README.md'),
    files,
  };
}

/**
 * Packages a chart, deterministically: the same files give the same bytes.
 * @param chart `files` by their path below the chart's folder, Chart.yaml among them
 * @throws DomainError `CHART_INVALID`, `ARCHIVE_TOO_LARGE` above the limit of a package
 */
export function packChart(chart: { files: Files | Record<string, Uint8Array | string> }): Uint8Array {
  const entries = chart.files instanceof Map ? [...chart.files] : Object.entries(chart.files);
  const bytes = entries.map(([path, content]): [string, Uint8Array] => [
    path,
    typeof content === 'string' ? Buffer.from(content) : content,
  ]);
  const { name } = readChartFiles(new Map(bytes));
  const archive = writeArchive(
    bytes.map(([path, content]): [string, Uint8Array] => [`${name}/${path}`, content]),
  );
  readArchive(archive, packageLimits); // what is written can be read again
  return archive;
}

/** A chart's archive has one folder, named as it likes, that holds everything. */
export function chartFiles(archive: Files): Files {
  const files: Files = new Map();
  let folder: string | undefined;
  for (const [path, content] of archive) {
    const slash = path.indexOf('/');
    const first = path.slice(0, Math.max(slash, 0));
    folder ??= first;
    if (slash < 0 || first !== folder) throw invalid('its files are not all in one folder');
    files.set(path.slice(slash + 1), content);
  }
  return files;
}

function bundledIn(files: Files): Chart['bundled'] {
  const bundled: Chart['bundled'] = [];
  for (const [path, content] of files) {
    if (/^charts\/[^/_.][^/]*\/Chart\.yaml$/.test(path)) {
      const inner = yamlFile(files, path);
      bundled.push({ name: stringOf(inner?.['name']) ?? '', version: stringOf(inner?.['version']) ?? '' });
    } else if (/^charts\/[^/_.][^/]*\.tgz$/.test(path)) {
      const { name, version } = readChart(content);
      bundled.push({ name, version });
    }
  }
  return bundled;
}

function dependenciesOf(value: unknown): ChartDependency[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid('dependencies is not a list');
  return value.map((item: unknown) => {
    const entry = (item ?? {}) as Record<string, unknown>;
    const name = stringOf(entry['name']);
    if (name === undefined) throw invalid('a dependency has no name');
    const alias = stringOf(entry['alias']);
    const condition = stringOf(entry['condition']);
    const { tags } = entry;
    return {
      name,
      version: stringOf(entry['version']) ?? '',
      repository: stringOf(entry['repository']) ?? '',
      ...(alias === undefined ? {} : { alias }),
      ...(condition === undefined ? {} : { condition }),
      ...(Array.isArray(tags) ? { tags: tags.map(String) } : {}),
    };
  });
}

function textFile(files: Files, path: string): string | undefined {
  const bytes = files.get(path);
  if (bytes === undefined) return undefined;
  try {
    return decoder.decode(bytes);
  } catch {
    throw invalid(`${path} is not UTF-8 text`);
  }
}

function yamlFile(files: Files, path: string): Record<string, unknown> | undefined {
  const text = textFile(files, path);
  if (text === undefined) return undefined;
  try {
    const value = readYaml(text)[0] ?? {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    throw invalid(
      `${path} is not valid YAML${error.line === undefined ? '' : `, line ${error.line}`}: ${error.message}`,
    );
  }
  throw invalid(`${path} does not hold an object`);
}

function jsonObject(text: string, path: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    throw invalid(`${path} is not valid JSON`);
  }
  throw invalid(`${path} does not hold an object`);
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function invalid(problem: string): DomainError {
  return new DomainError('invalid-argument', 'CHART_INVALID', `The chart cannot be read: ${problem}.`);
}
