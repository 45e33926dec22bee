// Helm charts in OCI registries: https://helm.sh/docs/topics/registries/
import { createHash } from 'node:crypto';
import { DomainError } from '@cnap/errors';
import { sourceLimits } from '@cnap/helm';
import type { ExternalCalls } from '@cnap/service';
import { chooseVersion, newestFirst } from '../chart-repository/version.ts';
import type { Fetcher } from '../fetch/fetch.ts';
import type { ChartRepository } from '../package/ports.ts';
import { openSession, type Session } from './session.ts';

const maxAnswerBytes = 4 * 1024 * 1024;
const maxPages = 20;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const chartLayer = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

type Place = { base: string; shown: string };

export function createOciCharts(deps: {
  fetcher: Fetcher;
  external: ExternalCalls;
  authorization(workspaceId: string, url: URL, signal: AbortSignal): Promise<string | undefined>;
  /** Whether registries of this machine may be read, which have no TLS. */
  allowPrivate: boolean;
}): ChartRepository {
  const { fetcher, external } = deps;
  const sessionOf = (workspaceId: string, signal: AbortSignal): Session =>
    openSession(fetcher, (url) => deps.authorization(workspaceId, url, signal), signal);

  return {
    async resolve(workspaceId, { repoUrl, chart, wanted }, signal) {
      const session = sessionOf(workspaceId, signal);
      const place = placeOf(repoUrl, chart, deps.allowPrivate);
      const tags = await external('registry.tags', () => tagsOf(session, place));
      // A tag cannot hold a "+", so Helm writes "_".
      const versions = tags.map((tag) => tag.replaceAll('_', '+'));
      const version = chooseVersion(versions, wanted);
      if (version === undefined) throw notFound(place, wanted, newestFirst(versions).slice(0, 5));
      const tag = tags[versions.indexOf(version)] ?? version;
      const digest = await external('registry.manifest', () => layerOf(session, place, tag));
      return { version, digest, url: `${place.base}/blobs/sha256:${digest}` };
    },

    async download(workspaceId, { resolved }, signal) {
      const { bytes } = await external('registry.blob', () =>
        sessionOf(workspaceId, signal).get(resolved.url, { maxBytes: sourceLimits.maxBytes }),
      );
      const digest = createHash('sha256').update(bytes).digest('hex');
      if (digest === resolved.digest) return bytes;
      throw invalid(resolved.url, `has the digest ${digest}, not ${resolved.digest ?? 'one that is known'}`);
    },
  };
}

/** `oci://host/path` and a chart are the repository `path/chart` at that host. */
function placeOf(repoUrl: string, chart: string, allowPrivate: boolean): Place {
  const { host, pathname } = new URL(repoUrl.replace(/^oci:/, 'https:'));
  const name = `${pathname.replaceAll(/^\/+|\/+$/g, '')}/${chart}`.replace(/^\//, '').toLowerCase();
  const local = allowPrivate && /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
  const registry = host === 'docker.io' || host === 'index.docker.io' ? 'registry-1.docker.io' : host;
  return { base: `${local ? 'http' : 'https'}://${registry}/v2/${name}`, shown: `oci://${host}/${name}` };
}

async function tagsOf(session: Session, place: Place): Promise<string[]> {
  const tags: string[] = [];
  let url: string | undefined = `${place.base}/tags/list?n=1000`;
  for (let page = 0; page < maxPages && url !== undefined; page += 1) {
    const { bytes, headers } = await session.get(url, { maxBytes: maxAnswerBytes });
    const { tags: more } = read(bytes, place);
    if (Array.isArray(more)) tags.push(...more.filter((tag) => typeof tag === 'string'));
    const next: string | undefined = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(headers['link'] ?? ''))?.[1];
    // Only of the same registry: what signs in there is not for another.
    const following: URL | undefined =
      next === undefined || !URL.canParse(next, url) ? undefined : new URL(next, url);
    url = following?.host === new URL(url).host ? following.href : undefined;
  }
  return tags;
}

async function layerOf(session: Session, place: Place, tag: string): Promise<string> {
  const { bytes } = await session.get(`${place.base}/manifests/${encodeURIComponent(tag)}`, {
    maxBytes: maxAnswerBytes,
    headers: { accept: manifestType },
  });
  const { layers } = read(bytes, place);
  const found = (Array.isArray(layers) ? layers : []).find(
    (layer: { mediaType?: unknown } | null) => layer?.mediaType === chartLayer,
  ) as { digest?: unknown } | undefined;
  const digest = /^sha256:([0-9a-f]{64})$/.exec(String(found?.digest))?.[1];
  if (digest === undefined) throw invalid(`${place.shown}:${tag}`, 'is no Helm chart');
  return digest;
}

function read(bytes: Uint8Array, place: Place): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>;
  } catch {
    // said below
  }
  throw invalid(place.shown, 'answers with what is no JSON object');
}

const notFound = (place: Place, wanted: string, newest: string[]): DomainError =>
  new DomainError(
    'not-found',
    'CHART_NOT_FOUND',
    newest.length === 0
      ? `${place.shown} has no versions.`
      : `${place.shown} has no version that matches ${JSON.stringify(wanted)}; the newest are ${newest.join(', ')}.`,
  );

const invalid = (what: string, problem: string): DomainError =>
  new DomainError('failed-precondition', 'REGISTRY_ANSWER_INVALID', `${what} ${problem}.`);
