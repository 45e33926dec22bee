import type { Fields, KubeObject } from '../../objects/object.ts';
import { fieldsOf, listOf, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, nameColumn, selectorText, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted, immutable, required } from '../kind.ts';
import { serviceShape } from '../shapes.ts';

const portsText = (service: KubeObject): string =>
  listOf(at(service, 'spec.ports'))
    .map((item) => {
      const port = fieldsOf(item);
      return `${textOf(port['port'])}${port['nodePort'] ? `:${textOf(port['nodePort'])}` : ''}/${textOf(port['protocol'])}`;
    })
    .join(',') || '<none>';

function externalIp(service: KubeObject): string {
  if (at(service, 'spec.type') !== 'LoadBalancer') return '<none>';
  const first = fieldsOf(listOf(at(service, 'status.loadBalancer.ingress'))[0]);
  return textOf(first['ip']) || textOf(first['hostname']) || '<pending>';
}

function defaultPort(port: Fields): void {
  defaulted(port, { protocol: 'TCP' });
  defaulted(port, { targetPort: port['port'] });
}

export const service: Kind = {
  group: '',
  version: 'v1',
  kind: 'Service',
  resource: 'services',
  singular: 'service',
  namespaced: true,
  shortNames: ['svc'],
  categories: ['all'],
  subresources: ['status'],
  shape: serviceShape,
  defaults(object) {
    const spec = below(object, 'spec');
    defaulted(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
    if (spec['type'] !== 'ExternalName') defaulted(spec, { internalTrafficPolicy: 'Cluster' });
    if (spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer') {
      defaulted(spec, { externalTrafficPolicy: 'Cluster' });
    }
    if (spec['type'] === 'LoadBalancer') defaulted(spec, { allocateLoadBalancerNodePorts: true });
    for (const port of listOf(spec['ports'])) defaultPort(fieldsOf(port));
    defaulted(object, { status: { loadBalancer: {} } });
  },
  prepare(object, context) {
    const spec = below(object, 'spec');
    if (spec['type'] === 'ExternalName') return;
    if (!spec['clusterIP']) spec['clusterIP'] = context.clusterIp();
    defaulted(spec, { clusterIPs: [spec['clusterIP']], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    if (spec['type'] === 'ClusterIP') return;
    for (const port of listOf(spec['ports'])) defaulted(fieldsOf(port), { nodePort: context.nodePort() });
  },
  validate(object) {
    const spec = fieldsOf(object['spec']);
    const headless = spec['clusterIP'] === 'None' || spec['type'] === 'ExternalName';
    return listOf(spec['ports']).length > 0 || headless ? [] : [required('spec.ports')];
  },
  validateUpdate(object, old) {
    const before = at(old, 'spec.clusterIP');
    const spec = below(object, 'spec');
    if (before && !spec['clusterIP'] && spec['type'] !== 'ExternalName') {
      spec['clusterIP'] = before;
      defaulted(spec, { clusterIPs: at(old, 'spec.clusterIPs') });
    }
    if (!before || spec['clusterIP'] === before || spec['type'] === 'ExternalName') return [];
    return [immutable('spec.clusterIPs[0]', 'may not change once set', [spec['clusterIP']])];
  },
  columns: [
    nameColumn,
    text('Type', 'spec.type'),
    text('Cluster-IP', 'spec.clusterIP'),
    column('External-IP', externalIp),
    column('Port(s)', portsText),
    ageColumn,
    column('Selector', (object) => selectorText(at(object, 'spec.selector')), 1),
  ],
};
