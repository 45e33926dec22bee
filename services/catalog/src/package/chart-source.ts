import type { ChartRepository, WantedChart } from './ports.ts';

/** Charts from wherever a source says they are: a folder in Git, an OCI registry, or else a Helm repository. */
export function chartSource(
  from: Record<'repository' | 'registry' | 'git', ChartRepository>,
): ChartRepository {
  const placeOf = ({ path, repoUrl }: WantedChart) => {
    if (path !== undefined) return from.git;
    return repoUrl.startsWith('oci://') ? from.registry : from.repository;
  };
  return {
    resolve: (workspaceId, wanted, signal) => placeOf(wanted).resolve(workspaceId, wanted, signal),
    download: (workspaceId, chart, signal) => placeOf(chart).download(workspaceId, chart, signal),
  };
}
