// Helm repositories over HTTP: https://helm.sh/docs/topics/chart_repository/
import { createHash } from 'node:crypto';
import { DomainError } from '@cnap/errors';
import { sourceLimits } from '@cnap/helm';
import type { ExternalCalls } from '@cnap/service';
import type { Fetcher } from '../fetch/fetch.ts';
import type { ChartRepository, ResolvedChart, WantedChart } from '../package/ports.ts';
import { entriesOf } from './index-file.ts';
import { chooseVersion, newestFirst } from './version.ts';

const maxIndexBytes = 50 * 1024 * 1024;

export function createChartRepository(deps: {
  fetcher: Fetcher;
  external: ExternalCalls;
  /** The `authorization` of a workspace for a URL. */
  authorization(workspaceId: string, url: URL, signal: AbortSignal): Promise<string | undefined>;
}): ChartRepository {
  const { fetcher, external } = deps;

  async function resolve(
    workspaceId: string,
    { repoUrl, chart, wanted }: WantedChart,
    signal: AbortSignal,
  ): Promise<ResolvedChart> {
    const indexUrl = indexUrlOf(repoUrl);
    const authorization = (url: URL) => deps.authorization(workspaceId, url, signal);
    const answer = await external('repository.index', () =>
      fetcher.fetch(indexUrl, { maxBytes: maxIndexBytes, signal, authorization }),
    );
    const entries = entriesOf(Buffer.from(answer.bytes).toString('utf8'), chart);
    if (entries.length === 0) {
      throw new DomainError(
        'not-found',
        'CHART_NOT_FOUND',
        `The repository ${repoUrl} has no chart ${chart}.`,
      );
    }
    const versions = entries.map(({ version }) => version);
    const version = chooseVersion(versions, wanted);
    const entry = entries.find((one) => one.version === version);
    if (entry === undefined) {
      const newest = newestFirst(versions).slice(0, 5);
      throw new DomainError(
        'not-found',
        'CHART_NOT_FOUND',
        `The repository ${repoUrl} has no version of ${chart} that matches ${JSON.stringify(wanted)}; the newest are ${newest.join(', ')}.`,
      );
    }
    const [location] = entry.urls;
    // Relative to where the index is asked for, not to where a redirect leads: as Helm does.
    if (location === undefined || !URL.canParse(location, indexUrl)) {
      throw new DomainError(
        'failed-precondition',
        'INDEX_INVALID',
        `The index names no place to fetch ${chart} ${entry.version} from.`,
      );
    }
    const url = new URL(location, indexUrl).href;
    return { version: entry.version, url, ...(entry.digest === undefined ? {} : { digest: entry.digest }) };
  }

  async function download(
    workspaceId: string,
    { resolved: chart }: { resolved: ResolvedChart },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const authorization = (url: URL) => deps.authorization(workspaceId, url, signal);
    const { bytes } = await external('repository.download', () =>
      fetcher.fetch(chart.url, { maxBytes: sourceLimits.maxBytes, signal, authorization }),
    );
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (chart.digest !== undefined && chart.digest !== digest) {
      throw new DomainError(
        'failed-precondition',
        'DIGEST_MISMATCH',
        `${chart.url} has the digest ${digest}, but the index of the repository says ${chart.digest}.`,
      );
    }
    return bytes;
  }

  return { resolve, download };
}

function indexUrlOf(repoUrl: string): string {
  const url = new URL(repoUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/index.yaml`;
  url.hash = '';
  return url.href;
}
