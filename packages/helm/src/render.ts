import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DomainError } from '@cnap/errors';
import { type KindRef, type KubeObject, kindsOfCrd } from '@cnap/kubernetes';

import type { Files } from './archive.ts';
import type { ChartFolders } from './chart-folders.ts';
import { failureOf } from './failure.ts';
import { runHelm } from './helm-process.ts';
import { type Hook, hookOf } from './hook.ts';
import { type ReadApi, openNamespaceView } from './lookup.ts';
import { type SourcedObject, parseManifests, refuseDuplicates } from './manifests.ts';
import { isNotes, notesKind } from './notes.ts';
import { type UnpackedChart, unpackChart } from './unpacked-chart.ts';

export type RenderRequest = {
  /** A packaged chart (.tgz), or its files by their path below the chart's folder, or a path to a .tgz. */
  chart: Uint8Array | Files | string;
  /** Keeps a packaged chart unpacked between renderings. */
  folders?: ChartFolders | undefined;
  releaseName: string;
  namespace: string;
  values: Record<string, unknown>;
  /** Of the cluster it goes to: `v1.36.3`. */
  kubeVersion?: string | undefined;
  /** Of the cluster it goes to: `apps/v1`, `apps/v1/Deployment`. */
  apiVersions?: string[] | undefined;
  isUpgrade?: boolean | undefined;
  /** For charts that use `lookup`: reads the cluster. They see the release's namespace only; without it nothing. */
  read?: ReadApi | undefined;
  signal: AbortSignal;
  deadlineMs?: number | undefined;
};

export type Rendered = {
  /** In Helm's install order. `# Source:` of each, by index, is in `sources`. */
  objects: KubeObject[];
  sources: (string | undefined)[];
  hooks: Hook[];
  /** From `crds/` folders; CRDs that are templates are among the objects. */
  crds: KubeObject[];
  notes: string;
};

/**
 * Renders a chart with `helm template`, without access to any cluster, but for what {@link RenderRequest.read} gives.
 * @throws DomainError `CHART_RENDER_FAILED`, `CHART_VALUES_INVALID`, `CHART_RENDER_LIMIT`, `MANIFEST_INVALID`,
 *   `TOO_MANY_OBJECTS`, those of `readChart`, and whatever `read` throws
 */
export async function renderChart(request: RenderRequest): Promise<Rendered> {
  request.signal.throwIfAborted();
  const { chart, folders } = request;
  if (folders && chart instanceof Uint8Array) {
    return folders.use(chart, (unpacked) => renderUnpacked(request, unpacked));
  }
  await using unpacked = await unpackChart(chart);
  return await renderUnpacked(request, unpacked);
}

/** One rendering after another may take the same folder: what is of one alone is not in it. */
async function renderUnpacked(given: RenderRequest, chart: UnpackedChart): Promise<Rendered> {
  const request = { ...given, values: chart.withLiftedTags(given.values) };
  if (request.read && chart.usesLookup) return renderLooking(request, chart, request.read);
  const rendered = await renderOnce(request, chart);
  const own = kindsBrought(rendered);
  const known = new Set(request.apiVersions);
  // The CRDs of a chart are there before its templates are read: Helm installs `crds/` first, and so do we.
  const news = own.filter((name) => !known.has(name));
  if (request.apiVersions === undefined || news.length === 0 || !chart.asksForKinds) return rendered;
  return renderOnce({ ...request, apiVersions: [...known, ...news] }, chart);
}

async function renderOnce(
  request: RenderRequest,
  { folder }: UnpackedChart,
  looking: { flags: string[]; kubeconfig?: string } = { flags: [] },
): Promise<Rendered> {
  const { code, output, errors } = await runHelm({
    arguments: [...argumentsOf(request), ...looking.flags],
    input: JSON.stringify(request.values),
    folder,
    kubeconfig: looking.kubeconfig,
    signal: request.signal,
    deadlineMs: request.deadlineMs ?? 30_000,
  });
  if (code !== 0) throw failureOf(errors || `helm ended with status ${code}`);
  return sort(output, request.namespace);
}

/** First without the cluster: Helm wants to know every kind that comes out, also those whose CRDs come with them. */
async function renderLooking(request: RenderRequest, chart: UnpackedChart, read: ReadApi): Promise<Rendered> {
  const blind = await renderOnce(request, chart).catch((error: unknown) => {
    // It may be that it renders only with what is there.
    if (error instanceof DomainError && error.reason === 'CHART_RENDER_FAILED') return undefined;
    throw error;
  });
  const known = new Set(request.apiVersions);
  const kinds = blind
    ? kindsIn(blind).filter(({ apiVersion, kind }) => !known.has(`${apiVersion}/${kind}`))
    : [];
  const named = [notesKind, ...kinds];
  await using view = await openNamespaceView(request.namespace, named, read, request.signal);
  const folder = await mkdtemp(join(tmpdir(), 'cnap-look-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const flags = ['--dry-run=server', '--disable-openapi-validation', '--take-ownership'];
  try {
    await writeFile(kubeconfig, view.kubeconfig, { mode: 0o600 });
    return await renderOnce(request, chart, { flags, kubeconfig });
  } catch (error) {
    throw view.trouble ?? error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function kindsIn({ objects, crds, hooks }: Rendered): KindRef[] {
  const rendered = [...objects, ...hooks.map(({ object }) => object)];
  return [...rendered, ...[...crds, ...rendered].flatMap(kindsOfCrd)];
}

/** What `Capabilities.APIVersions` has once the chart's `crds/` are there. */
function kindsBrought({ crds }: Rendered): string[] {
  const kinds = crds.flatMap(kindsOfCrd);
  return [...new Set(kinds.flatMap(({ apiVersion, kind }) => [apiVersion, `${apiVersion}/${kind}`]))];
}

function argumentsOf(request: RenderRequest): string[] {
  if (!/^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$/.test(request.releaseName)) {
    throw new DomainError(
      'invalid-argument',
      'INVALID_FIELD',
      `"${request.releaseName}" is not a release name`,
    );
  }
  return [
    'template',
    request.releaseName,
    'chart',
    '--namespace',
    request.namespace,
    '--values',
    '-',
    '--include-crds',
    ...(request.isUpgrade ? ['--is-upgrade'] : []),
    ...(request.kubeVersion === undefined ? [] : ['--kube-version', request.kubeVersion]),
    ...(request.apiVersions?.length ? ['--api-versions', request.apiVersions.join(',')] : []),
  ];
}

function sort(output: string, namespace: string): Rendered {
  const objects: SourcedObject[] = [];
  const crds: SourcedObject[] = [];
  const hooks: Hook[] = [];
  const notes: string[] = [];
  for (const entry of parseManifests(output)) {
    if (isNotes(entry.source)) notes.push(String(entry.object['text'] ?? '').trim());
    else if (isCrdFile(entry.source)) crds.push(entry);
    else {
      const hook = hookOf(entry.object, entry.source);
      if (hook) hooks.push(hook);
      else objects.push(entry);
    }
  }
  refuseDuplicates([...crds, ...objects], namespace);
  return {
    objects: objects.map(({ object }) => object),
    sources: objects.map(({ source }) => source),
    hooks,
    crds: crds.map(({ object }) => object),
    notes: notes.filter((text) => text !== '').join('\n\n'),
  };
}

function isCrdFile(source: string | undefined): boolean {
  return source !== undefined && /(^|\/)crds\//.test(source) && !/(^|\/)templates\//.test(source);
}
