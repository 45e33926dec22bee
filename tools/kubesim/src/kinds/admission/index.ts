import { fieldsOf, listOf } from '../../objects/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted } from '../kind.ts';
import { webhookConfigurationShape } from '../shapes.ts';

/** Stored and never called: admission by webhooks is for the real Kubernetes. */
const webhooks = (kind: string, resource: string, reinvocation: boolean): Kind => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  resource,
  singular: kind.toLowerCase(),
  namespaced: false,
  categories: ['api-extensions'],
  generation: true,
  shape: webhookConfigurationShape,
  defaults(object) {
    for (const item of listOf(object['webhooks'])) {
      const webhook = fieldsOf(item);
      defaulted(webhook, { failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10 });
      if (reinvocation) defaulted(webhook, { reinvocationPolicy: 'Never' });
      below(webhook, 'namespaceSelector');
      below(webhook, 'objectSelector');
      for (const rule of listOf(webhook['rules'])) defaulted(fieldsOf(rule), { scope: '*' });
      const service = fieldsOf(webhook['clientConfig'])['service'];
      if (service !== undefined) defaulted(fieldsOf(service), { port: 443 });
    }
  },
  columns: [nameColumn, column('Webhooks', (object) => listOf(object['webhooks']).length), ageColumn],
});

const stored = (kind: string, resource: string, singular: string): Kind => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  resource,
  singular,
  namespaced: false,
  categories: ['api-extensions'],
  generation: true,
});

export const admissionKinds: readonly Kind[] = [
  webhooks('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', true),
  webhooks('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', false),
  stored('ValidatingAdmissionPolicy', 'validatingadmissionpolicies', 'validatingadmissionpolicy'),
  stored(
    'ValidatingAdmissionPolicyBinding',
    'validatingadmissionpolicybindings',
    'validatingadmissionpolicybinding',
  ),
];
