// What a build does next. One step at a time, so that a crash costs one step.
import type { Chart } from '@cnap/helm';
import type { PackageState, Part, StoredSource } from '../database.ts';

export type Step =
  | { do: 'resolve'; part: Part }
  | { do: 'fetch'; part: Part }
  | { do: 'bundle' }
  | { do: 'verify' }
  | { do: 'discard' }
  | { do: 'nothing' };

export type Progress = { state: PackageState; parts: Part[]; digest: string | null };

/** The next step of a build. */
export function nextStep({ state, parts, digest }: Progress): Step {
  if (state === 'failed' && digest !== null) return { do: 'discard' };
  if (state === 'ready' || state === 'failed') return { do: 'nothing' };
  if (digest !== null) return { do: 'verify' };
  const unresolved = parts.find((part) => part.resolved === undefined);
  if (unresolved !== undefined) return { do: 'resolve', part: unresolved };
  const unfetched = parts.find((part) => part.fetched === undefined);
  if (unfetched !== undefined) return { do: 'fetch', part: unfetched };
  return { do: 'bundle' };
}

/** The state people see while a step is done. */
export function stateDuring(step: Step): PackageState | undefined {
  switch (step.do) {
    case 'resolve':
      // Dependencies are resolved while their charts are being bundled.
      return isSource(step.part) ? 'resolving' : 'bundling';
    case 'fetch':
    case 'bundle':
      return 'bundling';
    case 'verify':
      return 'verifying';
    case 'discard':
    case 'nothing':
      return undefined;
  }
}

/** A part for each source, to begin with. */
export function partsOf(sources: StoredSource[]): Part[] {
  return sources.map((source) => ({
    key: source.alias,
    sourceId: source.id,
    repoUrl: source.repoUrl,
    chart: source.chart,
    ...(source.path === undefined ? {} : { path: source.path }),
    wanted: source.version,
  }));
}

const maxParts = 100;
const maxDepth = 5;

/** What a fetched chart depends on and does not bring along; `problem` when it cannot be had. */
export function missingDependencies(part: Part, chart: Chart, known: Part[]): Part[] | { problem: string } {
  const locked = lockedVersions(chart);
  const bundled = new Set(chart.bundled.map(({ name }) => name));
  const missing: Part[] = [];
  for (const { name, version, repository } of chart.dependencies) {
    const key = `${part.key}/${name}`;
    if (bundled.has(name) || missing.some((other) => other.key === key)) continue;
    if (!isReadable(repository)) {
      const from = repository === '' ? 'no repository' : `the repository ${repository}`;
      return {
        problem: `its dependency ${name} is not in its charts folder and names ${from}; only http, https and oci repositories can be read`,
      };
    }
    missing.push({
      key,
      sourceId: part.sourceId,
      repoUrl: repository,
      chart: name,
      wanted: locked.get(name) ?? version,
    });
  }
  if (missing.length === 0) return [];
  if (part.key.split('/').length > maxDepth)
    return { problem: `its dependencies are nested deeper than ${maxDepth}` };
  if (known.length + missing.length > maxParts)
    return { problem: `the package would hold more than ${maxParts} charts` };
  return missing;
}

const isReadable = (repository: string): boolean =>
  /^(https?|oci):\/\//.test(repository) && URL.canParse(repository.replace(/^oci:/, 'https:'));

/** Whether a build of the same sources would come out the same: everything was asked for in one exact version. */
export function isPinned(parts: Part[]): boolean {
  return parts.every(({ wanted, resolved }) => resolved !== undefined && wanted === resolved.version);
}

export const isSource = (part: Part): boolean => !part.key.includes('/');

/** `shop`, or `shop/redis` for what a source depends on. */
export const describePart = (part: Part): string =>
  isSource(part)
    ? `source ${part.key}`
    : `source ${part.key.split('/')[0]}, dependency ${part.key.split('/').slice(1).join('/')}`;

function lockedVersions(chart: Chart): Map<string, string> {
  const bytes = chart.files.get('Chart.lock') ?? chart.files.get('requirements.lock');
  const text = bytes === undefined ? '' : Buffer.from(bytes).toString();
  // Helm writes it; what does not look like it is no lock.
  const entries = text.matchAll(/^\s*- name: (\S+)\s*\n(?:\s+repository: .*\n)?\s+version: (\S+)\s*$/gm);
  return new Map([...entries].map(([, name = '', version = '']) => [name, version]));
}
