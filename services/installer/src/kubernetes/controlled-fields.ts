import { type KubeObject, groupOf } from '@cnap/kubernetes';

import { ownersOf } from './field-owners.ts';
import { writtenPath, type Difference } from './object-diff.ts';

/** Kubernetes' own controllers, and our own giving back of what slept: what they set is theirs. */
const controllers =
  /^(kube-controller-manager|cloud-controller-manager|kube-scheduler|kubelet|kube-apiserver|cnap-hibernation)$/;

/** Fields that are filled in by whoever signs the certificate, by kind. */
const certificates: Record<string, RegExp> = {
  MutatingWebhookConfiguration: /^\.webhooks\[[^\]]+\]\.clientConfig\.caBundle$/,
  ValidatingWebhookConfiguration: /^\.webhooks\[[^\]]+\]\.clientConfig\.caBundle$/,
  APIService: /^\.spec\.caBundle$/,
  CustomResourceDefinition: /^\.spec\.conversion\.webhook\.clientConfig\.caBundle$/,
};

export const isReplicas = ({ path }: Difference): boolean => writtenPath(path) === '.spec.replicas';

/**
 * Whether a difference is a controller's work and not drift: an autoscaler's replicas, an injected certificate,
 * anything that Kubernetes' own controllers set. What other controllers do looks like what a person does; they end
 * as a conflict when they insist.
 */
export function isControlled(
  live: KubeObject,
  difference: Difference,
  autoscalers: readonly KubeObject[],
): boolean {
  const { path } = difference;
  if (isReplicas(difference) && autoscalers.some((scaler) => scales(scaler, live))) return true;
  if (certificates[live.kind]?.test(writtenPath(path))) return true;
  return controllers.test(ownersOf(live, path)[0]?.manager ?? '');
}

function scales(autoscaler: KubeObject, live: KubeObject): boolean {
  const { scaleTargetRef: target } = (autoscaler['spec'] ?? {}) as {
    scaleTargetRef?: { apiVersion?: string; kind?: string; name?: string };
  };
  return (
    target?.kind === live.kind &&
    target.name === live.metadata.name &&
    (target.apiVersion === undefined || groupOf(target.apiVersion) === groupOf(live.apiVersion))
  );
}
