import type { Rendered } from '@cnap/helm';

/** A chart in one exact version; `digest` is SHA-256 in hex, when the repository tells it. */
export type ResolvedChart = { version: string; url: string; digest?: string };

/** Where charts come from. */
export type ChartRepository = {
  /**
   * @param wanted a version, a range, or nothing for the newest
   * @throws DomainError `unavailable` for what may be better later, any other kind for what will not
   */
  resolve(repoUrl: string, chart: string, wanted: string, signal: AbortSignal): Promise<ResolvedChart>;
  /** @throws DomainError as `resolve`, and for content that has another digest than the index said */
  download(chart: ResolvedChart, signal: AbortSignal): Promise<Uint8Array>;
};

/** What turns a chart into objects. */
export type ChartRenderer = {
  /** The release name and namespace of every rendering. */
  readonly releaseName: string;
  /** With the chart's own values. Nothing generated is the same the next time. */
  render(chart: Uint8Array, signal: AbortSignal): Promise<Rendered>;
};
