import { renderChart } from '@cnap/helm';
import type { ExternalCalls } from '@cnap/service';
import type { ChartRenderer } from '../package/ports.ts';

/** As long as the release names of installs, so that names which are cut are cut at the same place. */
const releaseName = 'cnap-zzzzzzzzzzzz';

/** Renders with the Helm program, without access to a cluster. */
export function createChartRenderer({ external }: { external: ExternalCalls }): ChartRenderer {
  return {
    releaseName,
    render: (chart, signal) =>
      external('helm.template', () =>
        renderChart({ chart, releaseName, namespace: releaseName, values: {}, signal }),
      ),
  };
}
