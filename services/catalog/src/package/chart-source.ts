import type { ChartRepository, WantedChart } from './ports.ts';

/** Charts from wherever a source says they are. */
export function chartSource(from: { repository: ChartRepository; git: ChartRepository }): ChartRepository {
  const placeOf = ({ path }: WantedChart) => (path === undefined ? from.repository : from.git);
  return {
    resolve: (workspaceId, wanted, signal) => placeOf(wanted).resolve(workspaceId, wanted, signal),
    download: (workspaceId, chart, signal) => placeOf(chart).download(workspaceId, chart, signal),
  };
}
