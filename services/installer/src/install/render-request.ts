import type { RenderRequest } from '@cnap/helm';
import { shortId } from '@cnap/ids';
import type { InstallRow } from '../database.ts';
import type { Target } from '../kubernetes/port.ts';
import { openInputs } from './inputs.ts';
import { withOverrides, type Overrides } from './overrides.ts';
import type { PackageSeen } from './port.ts';
import type { StepDeps } from './steps.ts';
import { valuesOf } from './values.ts';

/** What a package renders with for an install, on the cluster where it is. */
export async function renderRequest(
  row: InstallRow,
  target: Target,
  pack: PackageSeen,
  overrides: Overrides,
  { catalog, clusters, engine, keyring }: StepDeps,
  signal: AbortSignal,
): Promise<RenderRequest & { chart: Uint8Array }> {
  const [chart, capabilities, [candidate]] = await Promise.all([
    catalog.artifact(pack.digest, signal),
    engine.capabilities(target.clusterId, signal),
    clusters.candidates([target.clusterId], ''),
  ]);
  const { releaseName, namespace } = target;
  const baseDomain = candidate?.settings.baseDomain ?? '';
  const host = baseDomain === '' ? '' : `${shortId(row.id)}.${baseDomain}`;
  const facts = { installId: row.id, namespace, host };
  const values = withOverrides(valuesOf(row.product, openInputs(keyring, row), facts), overrides, pack);
  return {
    chart,
    releaseName,
    namespace,
    values,
    ...capabilities,
    isUpgrade: row.healthy_release_id !== null,
    read: (path, accept, ends) => engine.readApi(target.clusterId, path, accept, ends),
    signal,
  };
}
