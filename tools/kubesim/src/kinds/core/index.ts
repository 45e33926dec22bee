import { fieldsOf, isFields, listOf, same, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, count, nameColumn, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted, immutable } from '../kind.ts';
import { eventShape, quotaShape, serviceAccountShape } from '../shapes.ts';
import { fixed } from '../validation.ts';
import { event } from './event.ts';
import { namespace } from './namespace.ts';
import { node } from './node.ts';
import { pod } from './pod.ts';
import { service } from './service.ts';
import { claim, volume } from './volumes.ts';

const core = { group: '', version: 'v1', namespaced: true } as const;

const configMap: Kind = {
  ...core,
  kind: 'ConfigMap',
  resource: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  validateUpdate: (object, old) =>
    old['immutable'] === true && !same(object['data'], old['data'])
      ? [
          {
            reason: 'FieldValueForbidden',
            message: 'Forbidden: field is immutable when `immutable` is set',
            field: 'data',
          },
        ]
      : [],
  columns: [
    nameColumn,
    column(
      'Data',
      (o) => Object.keys(fieldsOf(o['data'])).length + Object.keys(fieldsOf(o['binaryData'])).length,
    ),
    ageColumn,
  ],
};

const secret: Kind = {
  ...core,
  kind: 'Secret',
  resource: 'secrets',
  singular: 'secret',
  defaults(object) {
    defaulted(object, { type: 'Opaque' });
    if (!isFields(object['stringData'])) return;
    const data = below(object, 'data');
    for (const [key, value] of Object.entries(object['stringData'])) {
      data[key] = Buffer.from(textOf(value)).toString('base64');
    }
    delete object['stringData'];
  },
  validateUpdate: (object, old) => [
    ...(object['type'] === old['type'] ? [] : [immutable('type', undefined, object['type'])]),
    ...(old['immutable'] === true && !same(object['data'], old['data'])
      ? [
          {
            reason: 'FieldValueForbidden',
            message: 'Forbidden: field is immutable when `immutable` is set',
            field: 'data',
          },
        ]
      : []),
  ],
  selectable: (object) => ({ type: textOf(object['type']) }),
  columns: [
    nameColumn,
    text('Type', 'type'),
    column('Data', (o) => Object.keys(fieldsOf(o['data'])).length),
    ageColumn,
  ],
};

const serviceAccount: Kind = {
  ...core,
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  subresources: ['token'],
  shape: serviceAccountShape,
  columns: [nameColumn, column('Secrets', (o) => listOf(o['secrets']).length), ageColumn],
};

const endpoints: Kind = {
  ...core,
  kind: 'Endpoints',
  resource: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  columns: [
    nameColumn,
    column('Endpoints', (object) => {
      const found = listOf(object['subsets']).flatMap((subset) => {
        const ports = listOf(fieldsOf(subset)['ports']);
        return listOf(fieldsOf(subset)['addresses']).flatMap((address) =>
          ports.map((port) => `${textOf(fieldsOf(address)['ip'])}:${textOf(fieldsOf(port)['port'])}`),
        );
      });
      return found.length > 3
        ? `${found.slice(0, 3).join(',')} + ${found.length - 3} more...`
        : found.join(',') || '<none>';
    }),
    ageColumn,
  ],
};

const usedOf = (used: unknown, hard: unknown): string =>
  Object.entries(fieldsOf(hard))
    .map(([name, limit]) => `${name}: ${textOf(fieldsOf(used)[name]) || '0'}/${textOf(limit)}`)
    .join(', ');

const resourceQuota: Kind = {
  ...core,
  kind: 'ResourceQuota',
  resource: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  subresources: ['status'],
  shape: quotaShape,
  columns: [
    nameColumn,
    column('Request', (o) => {
      const hard = Object.entries(fieldsOf(at(o, 'status.hard'))).filter(
        ([name]) => !name.startsWith('limits.'),
      );
      return usedOf(at(o, 'status.used'), Object.fromEntries(hard));
    }),
    column('Limit', (o) => {
      const hard = Object.entries(fieldsOf(at(o, 'status.hard'))).filter(([name]) =>
        name.startsWith('limits.'),
      );
      return usedOf(at(o, 'status.used'), Object.fromEntries(hard));
    }),
    ageColumn,
  ],
};

const limitRange: Kind = {
  ...core,
  kind: 'LimitRange',
  resource: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  defaults(object) {
    for (const item of listOf(at(object, 'spec.limits'))) {
      const limit = fieldsOf(item);
      if (limit['type'] !== 'Container') continue;
      if (isFields(limit['max'])) defaulted(below(limit, 'default'), limit['max']);
      if (isFields(limit['default'])) defaulted(below(limit, 'defaultRequest'), limit['default']);
    }
  },
  columns: [nameColumn, text('Created At', 'metadata.creationTimestamp')],
};

const podTemplate: Kind = {
  ...core,
  kind: 'PodTemplate',
  resource: 'podtemplates',
  singular: 'podtemplate',
};

const replicationController: Kind = {
  ...core,
  kind: 'ReplicationController',
  resource: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  subresources: ['status'],
  generation: true,
  validateUpdate: (object, old) => fixed(object, old, 'selector'),
  columns: [nameColumn, count('Desired', 'spec.replicas'), count('Current', 'status.replicas'), ageColumn],
};

export const coreKinds: readonly Kind[] = [
  configMap,
  endpoints,
  { ...event, shape: eventShape },
  limitRange,
  namespace,
  node,
  claim,
  volume,
  pod,
  podTemplate,
  replicationController,
  resourceQuota,
  secret,
  serviceAccount,
  service,
];
