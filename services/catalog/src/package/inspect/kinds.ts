import type { PackageKind } from '../../database.ts';
import { fieldsOf, type Manifest } from './pod-templates.ts';

// `kubectl api-resources --namespaced=false`, and what widespread operators add to it.
const clusterWide = new Set([
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  'admissionregistration.k8s.io/MutatingAdmissionPolicy',
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'certificates.k8s.io/CertificateSigningRequest',
  'certificates.k8s.io/ClusterTrustBundle',
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'networking.k8s.io/IngressClass',
  'networking.k8s.io/IPAddress',
  'networking.k8s.io/ServiceCIDR',
  'node.k8s.io/RuntimeClass',
  'policy/PodSecurityPolicy',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'resource.k8s.io/DeviceClass',
  'resource.k8s.io/ResourceSlice',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/CSINode',
  'storage.k8s.io/StorageClass',
  'storage.k8s.io/VolumeAttachment',
  'storage.k8s.io/VolumeAttributesClass',
  'cert-manager.io/ClusterIssuer',
  'external-secrets.io/ClusterSecretStore',
  'gateway.networking.k8s.io/GatewayClass',
  'keda.sh/ClusterTriggerAuthentication',
  'kyverno.io/ClusterPolicy',
  'snapshot.storage.k8s.io/VolumeSnapshotClass',
  'snapshot.storage.k8s.io/VolumeSnapshotContent',
]);

/** The kinds of the objects with their number; a kind's scope is known, or told by a CRD of the package. */
export function kindsOf(objects: Manifest[]): PackageKind[] {
  const own = new Set(objects.flatMap(clusterWideKindDefined));
  const kinds = new Map<string, PackageKind>();
  for (const { apiVersion, kind } of objects) {
    const key = `${apiVersion}/${kind}`;
    const groupKind = `${groupOf(apiVersion)}/${kind}`;
    const found = kinds.get(key) ?? {
      apiVersion,
      kind,
      clusterWide: clusterWide.has(groupKind) || own.has(groupKind),
      count: 0,
    };
    found.count += 1;
    kinds.set(key, found);
  }
  return [...kinds.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}

function clusterWideKindDefined(object: Manifest): string[] {
  if (object.kind !== 'CustomResourceDefinition') return [];
  const { scope, group, names } = fieldsOf(object['spec']);
  return scope === 'Cluster' ? [`${String(group)}/${String(fieldsOf(names)['kind'])}`] : [];
}

const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
