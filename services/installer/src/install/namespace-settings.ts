import type { InstallRow } from '../database.ts';
import type { NamespaceSettings } from '../kubernetes/port.ts';
import { targetOf, type StepDeps } from './steps.ts';

/**
 * How an install's namespace is to be set up: limits of its cluster, logins for its registries and until when they
 * are of use.
 */
export async function namespaceSettings(
  row: InstallRow,
  { catalog, clusters }: Pick<StepDeps, 'catalog' | 'clusters'>,
): Promise<{ settings: NamespaceSettings; expiresAt: Date | undefined }> {
  const [{ logins: registries, expiresAt }, [candidate]] = await Promise.all([
    catalog.registries(row.seller_workspace_id, row.package_id),
    clusters.candidates([targetOf(row).clusterId], ''),
  ]);
  const { cpuLimit = '', memoryLimit = '' } = candidate?.settings ?? {};
  const limits = {
    ...(cpuLimit === '' ? {} : { cpu: cpuLimit }),
    ...(memoryLimit === '' ? {} : { memory: memoryLimit }),
  };
  return {
    settings: {
      podSecurity: row.product.podSecurity,
      ...(Object.keys(limits).length > 0 ? { limits } : {}),
      ...(registries.length > 0 ? { registries } : {}),
    },
    expiresAt,
  };
}
