import type { KubeObject } from '../../objects/object.ts';
import { fieldsOf, listOf, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, nameColumn, selectorText, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted } from '../kind.ts';
import { ingressShape, networkPolicyShape } from '../shapes.ts';

const networking = { group: 'networking.k8s.io', version: 'v1' } as const;

const hosts = (ingress: KubeObject): string =>
  listOf(at(ingress, 'spec.rules'))
    .map((rule) => textOf(fieldsOf(rule)['host']) || '*')
    .join(',') || '*';

const ingress: Kind = {
  ...networking,
  kind: 'Ingress',
  resource: 'ingresses',
  singular: 'ingress',
  namespaced: true,
  shortNames: ['ing'],
  subresources: ['status'],
  generation: true,
  shape: ingressShape,
  defaults: (object) => void defaulted(object, { status: { loadBalancer: {} } }),
  columns: [
    nameColumn,
    text('Class', 'spec.ingressClassName'),
    column('Hosts', hosts),
    column('Address', (object) => {
      const points = listOf(at(object, 'status.loadBalancer.ingress')).map(fieldsOf);
      return points.map((point) => textOf(point['ip']) || textOf(point['hostname'])).join(',');
    }),
    column('Ports', (object) => (listOf(at(object, 'spec.tls')).length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
};

const ingressClass: Kind = {
  ...networking,
  kind: 'IngressClass',
  resource: 'ingressclasses',
  singular: 'ingressclass',
  namespaced: false,
  generation: true,
  columns: [
    nameColumn,
    text('Controller', 'spec.controller'),
    text('Parameters', 'spec.parameters.name'),
    ageColumn,
  ],
};

const networkPolicy: Kind = {
  ...networking,
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  singular: 'networkpolicy',
  namespaced: true,
  shortNames: ['netpol'],
  generation: true,
  shape: networkPolicyShape,
  defaults(object) {
    const spec = below(object, 'spec');
    below(spec, 'podSelector');
    defaulted(spec, { policyTypes: spec['egress'] === undefined ? ['Ingress'] : ['Ingress', 'Egress'] });
    for (const rule of [...listOf(spec['ingress']), ...listOf(spec['egress'])]) {
      for (const port of listOf(fieldsOf(rule)['ports'])) defaulted(fieldsOf(port), { protocol: 'TCP' });
    }
  },
  columns: [
    nameColumn,
    column('Pod-Selector', (object) => selectorText(at(object, 'spec.podSelector'))),
    ageColumn,
  ],
};

export const networkingKinds: readonly Kind[] = [ingressClass, ingress, networkPolicy];
