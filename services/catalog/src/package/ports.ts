import type { Rendered } from '@cnap/helm';
import type { Part } from '../database.ts';

/** A chart in one exact version; `digest` is SHA-256 in hex, when the repository tells it. */
export type ResolvedChart = { version: string; url: string; digest?: string };

/** A chart that is asked for; `wanted` is a version, a range, or nothing for the newest. */
export type WantedChart = Pick<Part, 'repoUrl' | 'chart' | 'path' | 'wanted'>;

/** Where charts come from, and on behalf of which workspace. */
export type ChartRepository = {
  /** @throws DomainError `unavailable` for what may be better later, any other kind for what will not */
  resolve(workspaceId: string, wanted: WantedChart, signal: AbortSignal): Promise<ResolvedChart>;
  /** @throws DomainError as `resolve`, and for content that has another digest than the index said */
  download(
    workspaceId: string,
    chart: WantedChart & { resolved: ResolvedChart },
    signal: AbortSignal,
  ): Promise<Uint8Array>;
};

/** What turns a chart into objects. */
export type ChartRenderer = {
  /** The release name and namespace of every rendering. */
  readonly releaseName: string;
  /** With the chart's own values. Nothing generated is the same the next time. */
  render(chart: Uint8Array, signal: AbortSignal): Promise<Rendered>;
};
