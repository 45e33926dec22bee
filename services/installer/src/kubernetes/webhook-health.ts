import { type Cluster, type KindRef, type KubeObject, groupOf, isKubernetesError } from '@cnap/kubernetes';

import type { Health } from './port.ts';

type Webhook = { clientConfig?: { service?: { namespace?: string; name?: string } } };
type ServiceSpec = { selector?: Record<string, string>; publishNotReadyAddresses?: boolean };
type PodStatus = { conditions?: { type: string; status: string }[] };

const services = { apiVersion: 'v1', kind: 'Service' };
const podKind = { apiVersion: 'v1', kind: 'Pod' };

export const hasWebhooks = ({ apiVersion, kind }: KindRef): boolean =>
  groupOf(apiVersion) === 'admissionregistration.k8s.io' && kind.endsWith('WebhookConfiguration');

/** Whether what a webhook configuration calls is there: until then it may refuse whatever it is asked about. */
export async function webhookHealth(
  cluster: Cluster,
  configuration: KubeObject,
  signal: AbortSignal,
): Promise<Health> {
  const called = ((configuration['webhooks'] ?? []) as Webhook[]).flatMap(({ clientConfig }) => {
    const { namespace, name } = clientConfig?.service ?? {};
    return namespace === undefined || name === undefined ? [] : [{ namespace, name }];
  });
  const distinct = new Map(called.map((service) => [`${service.namespace}/${service.name}`, service]));
  for (const [words, service] of distinct) {
    const trouble = await troubleWith(cluster, service, signal);
    if (trouble !== '') return { state: 'progressing', message: `calls Service ${words}, ${trouble}` };
  }
  return { state: 'current', message: '' };
}

/** Read from pods, which every import may see, as opposed to endpoints. */
async function troubleWith(
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<string> {
  try {
    const service = await cluster.get({ ...services, namespace, name }, signal);
    if (!service) return 'which is not there';
    const { selector = {}, publishNotReadyAddresses } = (service['spec'] ?? {}) as ServiceSpec;
    const labels = Object.entries(selector).map(([label, value]) => `${label}=${value}`);
    // Whoever selects nothing says by other means who answers.
    if (labels.length === 0) return '';
    const pods = await cluster.list(podKind, { namespace, labelSelector: labels.join(','), signal });
    const answers = pods.some((pod) => publishNotReadyAddresses === true || isReady(pod));
    return answers ? '' : 'behind which no pod is ready';
  } catch (error) {
    // What cannot be looked at is nothing to warn of.
    if (isKubernetesError(error, 'Forbidden')) return '';
    throw error;
  }
}

const isReady = ({ metadata, ...pod }: KubeObject): boolean =>
  metadata.deletionTimestamp === undefined &&
  ((pod['status'] ?? {}) as PodStatus).conditions?.some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  ) === true;
