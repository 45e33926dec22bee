import { DomainError, type ErrorKind } from '@cnap/errors';
import type { ImportFindings } from './port.ts';

const kinds: Record<string, ErrorKind> = {
  CLUSTER_UNREACHABLE: 'failed-precondition',
  KUBERNETES_TOO_OLD: 'failed-precondition',
  PERMISSIONS_MISSING: 'failed-precondition',
};

/** Throws the first check that failed, with all that a person needs to mend it. */
export function refuseFailedChecks(found: ImportFindings): void {
  const failed = found.checks.find((check) => check.reason !== '');
  if (!failed) return;
  const missing = found.missing.length > 0;
  throw new DomainError(kinds[failed.reason] ?? 'failed-precondition', failed.reason, failed.message, {
    fields: [{ field: 'kubeconfig', description: failed.message }],
    metadata: {
      ...(found.kubernetesVersion === '' ? {} : { kubernetes_version: found.kubernetesVersion }),
      ...(missing
        ? {
            missing_permissions: JSON.stringify(found.missing),
            cluster_role_yaml: found.clusterRoleYaml,
          }
        : {}),
    },
    ...(missing
      ? {
          suggestion:
            'Apply the ClusterRole in cluster_role_yaml, bind it to the kubeconfig’s user, and import again.',
        }
      : {}),
  });
}
