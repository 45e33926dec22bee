// Charts that are folders of Git repositories.
import { posix } from 'node:path';
import { DomainError } from '@cnap/errors';
import { type Files, packChart, readChartFiles } from '@cnap/helm';
import type { ExternalCalls } from '@cnap/service';
import type { Fetcher } from '../fetch/fetch.ts';
import type { ChartRepository, WantedChart } from '../package/ports.ts';
import { withoutIgnored } from './helmignore.ts';
import { type GitObjects, readPack } from './pack.ts';
import { filesOf } from './tree.ts';
import { fetchPack, listRefs, type Ref } from './upload-pack.ts';

const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);
const maxLocalDepth = 5;

/** A version is a commit: a branch or tag is what it names at the moment of the build. */
export function createGitCharts(deps: {
  fetcher: Fetcher;
  external: ExternalCalls;
  authorization(workspaceId: string, url: URL, signal: AbortSignal): Promise<string | undefined>;
}): ChartRepository {
  const { fetcher, external } = deps;
  const callOf = (workspaceId: string, signal: AbortSignal) => ({
    signal,
    authorization: (url: URL) => deps.authorization(workspaceId, url, signal),
  });

  return {
    async resolve(workspaceId, { repoUrl, path = '.', wanted }, signal) {
      const placeOf = (commit: string) => ({ version: commit, url: `${repoUrl}#${commit}:${path}` });
      if (isCommit(wanted)) return placeOf(wanted);
      const names = namesOf(wanted);
      const refs = await external('git.refs', () =>
        listRefs(fetcher, repoUrl, names, callOf(workspaceId, signal)),
      );
      const found = names.map((name) => refs.find((ref: Ref) => ref.name === name)).find(Boolean);
      if (found === undefined) throw refNotFound(repoUrl, wanted);
      return placeOf(found.oid);
    },

    async download(workspaceId, { repoUrl, path = '.', resolved }, signal) {
      const pack = await external('git.fetch', () =>
        fetchPack(fetcher, repoUrl, resolved.version, callOf(workspaceId, signal)),
      );
      const objects = await readPack(pack);
      return packChart({ files: chartIn(objects, { repoUrl, path, commit: resolved.version }) });
    },
  };
}

/** Where Git looks for a name, in its order: gitrevisions(7). */
function namesOf(wanted: string): string[] {
  if (wanted === '' || wanted === 'HEAD') return ['HEAD'];
  if (wanted.startsWith('refs/')) return [wanted];
  return [`refs/tags/${wanted}`, `refs/heads/${wanted}`];
}

type Place = { repoUrl: string; path: string; commit: string };

/** A chart with the charts that it names by `file://`, which are in the same repository. */
function chartIn(objects: GitObjects, place: Place, depth = 0): Files {
  const { repoUrl, path, commit } = place;
  const found = filesOf(objects, commit, path);
  if (found === undefined) throw chartNotFound(place, 'there is no such folder');
  if (!found.has('Chart.yaml')) throw chartNotFound(place, 'there is no Chart.yaml');
  const files = withoutIgnored(found);
  const chart = readChartFiles(files);
  const bundled = new Set(chart.bundled.map(({ name }) => name));
  for (const { name, repository } of chart.dependencies) {
    if (!repository.startsWith('file://') || bundled.has(name)) continue;
    if (depth >= maxLocalDepth) throw chartNotFound(place, `it names charts more than ${maxLocalDepth} deep`);
    const local = posix.normalize(posix.join(path, repository.slice('file://'.length)));
    if (local.startsWith('..') || local.startsWith('/')) {
      throw chartNotFound(place, `its dependency ${name} is outside of the repository`);
    }
    const inner = chartIn(objects, { repoUrl, commit, path: local }, depth + 1);
    for (const [file, content] of inner) files.set(`charts/${name}/${file}`, content);
  }
  return files;
}

const refNotFound = (repoUrl: string, wanted: WantedChart['wanted']): DomainError =>
  new DomainError(
    'not-found',
    'CHART_NOT_FOUND',
    /^[0-9a-f]{7,39}$/.test(wanted)
      ? `The repository ${repoUrl} has no branch or tag ${wanted}; a commit must be named in full, with 40 characters.`
      : `The repository ${repoUrl} has ${wanted === '' ? 'no default branch' : `no branch or tag ${JSON.stringify(wanted)}`}.`,
  );

const chartNotFound = ({ repoUrl, path, commit }: Place, why: string): DomainError =>
  new DomainError(
    'not-found',
    'CHART_NOT_FOUND',
    `The repository ${repoUrl} has no chart at ${path} in ${commit.slice(0, 12)}: ${why}.`,
  );
