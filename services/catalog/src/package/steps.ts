// What each step of a build does in the world. Nothing here writes: the reconciler keeps what a step comes back with.
import { DomainError } from '@cnap/errors';
import { maxObjects, readChart, readChartFiles, type Rendered } from '@cnap/helm';
import type { PackageRow, Part } from '../database.ts';
import { type Bundle, bundle, chartsIn, digestOf } from './bundle.ts';
import { inspect, type Inspection } from './inspect.ts';
import { describePart, missingDependencies } from './plan.ts';
import type { ChartRenderer, ChartRepository } from './ports.ts';

export type StepDeps = { charts: ChartRepository; renderer: ChartRenderer };

/** The parts with one more resolved. */
export async function resolvePart(
  deps: StepDeps,
  row: PackageRow,
  part: Part,
  signal: AbortSignal,
): Promise<Part[]> {
  const resolved = await deps.charts.resolve(row.workspace_id, part, signal);
  return replaced(row.parts, { ...part, resolved });
}

/** The bytes of a part, and the parts with that one fetched and what it depends on added. */
export async function fetchPart(
  deps: StepDeps,
  row: PackageRow,
  part: Part,
  signal: AbortSignal,
): Promise<{ bytes: Uint8Array; parts: Part[]; added: Part[] }> {
  const { resolved } = part;
  if (resolved === undefined) throw new Error(`${part.key} is not resolved`);
  const bytes = await deps.charts.download(row.workspace_id, { ...part, resolved }, signal);
  const added = missingDependencies(part, readChart(bytes), row.parts);
  if ('problem' in added) {
    throw new DomainError(
      'failed-precondition',
      'CHART_INVALID',
      `The chart cannot be used: ${added.problem}.`,
    );
  }
  return { bytes, added, parts: [...replaced(row.parts, { ...part, fetched: digestOf(bytes) }), ...added] };
}

/** The umbrella chart. */
export function bundleParts(row: PackageRow, archives: Map<string, Uint8Array>): Bundle {
  return bundle(row.sources, row.parts, archives);
}

/** Renders the package twice and looks at what comes out. */
export async function verifyBundle(
  deps: StepDeps,
  row: PackageRow,
  artifact: Uint8Array,
  signal: AbortSignal,
): Promise<Inspection> {
  const first = await deps.renderer.render(artifact, signal);
  const second = await deps.renderer.render(artifact, signal);
  checkCount(first);
  const aliases = row.sources.map(({ alias }) => alias);
  const charts = new Map(
    [...chartsIn(artifact, aliases)].map(([alias, files]) => [alias, readChartFiles(files)]),
  );
  return inspect(row.sources, row.parts, charts, [first, second], deps.renderer.releaseName);
}

function checkCount(rendered: Rendered): void {
  const count = rendered.objects.length + rendered.crds.length + rendered.hooks.length;
  if (count > maxObjects) {
    throw new DomainError(
      'resource-exhausted',
      'TOO_MANY_OBJECTS',
      `The package renders to ${count} objects; ${maxObjects} are allowed.`,
    );
  }
  if (rendered.objects.length + rendered.crds.length === 0) {
    throw new DomainError('failed-precondition', 'CHART_RENDER_FAILED', 'The package renders to nothing.');
  }
}

const replaced = (parts: Part[], part: Part): Part[] =>
  parts.map((one) => (one.key === part.key ? part : one));

/** `source shop: …`, when the failure is that of one part. */
export const withPart = (part: Part | undefined, message: string): string =>
  part === undefined ? message : `${describePart(part)}: ${message}`;
