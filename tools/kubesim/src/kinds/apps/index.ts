import type { KubeObject } from '../../objects/object.ts';
import { fieldsOf, isFields, listOf, same, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, count, nameColumn, workloadWide } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted } from '../kind.ts';
import { defaultPodTemplate } from '../pod-spec.ts';
import { workloadShape } from '../shapes.ts';
import { fixed, validateWorkload } from '../validation.ts';

const apps = {
  group: 'apps',
  version: 'v1',
  namespaced: true,
  categories: ['all'],
  generation: true,
  shape: workloadShape,
  validate: validateWorkload,
} as const;

const ready = (object: KubeObject): string =>
  `${textOf(at(object, 'status.readyReplicas')) || 0}/${textOf(at(object, 'spec.replicas')) || 0}`;

const deployment: Kind = {
  ...apps,
  kind: 'Deployment',
  resource: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  subresources: ['status', 'scale'],
  defaults(object) {
    const spec = below(object, 'spec');
    defaultPodTemplate(below(spec, 'template'));
    defaulted(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
    const strategy = below(spec, 'strategy');
    defaulted(strategy, { type: 'RollingUpdate' });
    if (strategy['type'] === 'RollingUpdate') {
      defaulted(below(strategy, 'rollingUpdate'), { maxUnavailable: '25%', maxSurge: '25%' });
    }
  },
  validateUpdate: (object, old) => fixed(object, old, 'selector'),
  columns: [
    nameColumn,
    column('Ready', ready),
    count('Up-to-date', 'status.updatedReplicas'),
    count('Available', 'status.availableReplicas'),
    ageColumn,
    ...workloadWide,
  ],
};

const replicaSet: Kind = {
  ...apps,
  kind: 'ReplicaSet',
  resource: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  subresources: ['status', 'scale'],
  defaults(object) {
    const spec = below(object, 'spec');
    defaultPodTemplate(below(spec, 'template'));
    defaulted(spec, { replicas: 1 });
  },
  validateUpdate: (object, old) => fixed(object, old, 'selector'),
  columns: [
    nameColumn,
    count('Desired', 'spec.replicas'),
    count('Current', 'status.replicas'),
    count('Ready', 'status.readyReplicas'),
    ageColumn,
    ...workloadWide,
  ],
};

/** Everything of a StatefulSet but these fields is fixed. */
const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];
const without = (spec: unknown): unknown =>
  Object.fromEntries(Object.entries(fieldsOf(spec)).filter(([key]) => !changeable.includes(key)));

const statefulSet: Kind = {
  ...apps,
  kind: 'StatefulSet',
  resource: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  subresources: ['status', 'scale'],
  defaults(object) {
    const spec = below(object, 'spec');
    defaultPodTemplate(below(spec, 'template'));
    defaulted(spec, {
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 10,
      serviceName: '',
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    });
    const strategy = below(spec, 'updateStrategy');
    defaulted(strategy, { type: 'RollingUpdate' });
    if (strategy['type'] === 'RollingUpdate') defaulted(below(strategy, 'rollingUpdate'), { partition: 0 });
    for (const item of listOf(spec['volumeClaimTemplates'])) {
      if (!isFields(item)) continue;
      defaulted(item, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', status: { phase: 'Pending' } });
      defaulted(below(item, 'spec'), { volumeMode: 'Filesystem' });
    }
  },
  validateUpdate: (object, old) =>
    same(without(object['spec']), without(old['spec']))
      ? []
      : [
          {
            reason: 'FieldValueForbidden',
            message:
              "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            field: 'spec',
          },
        ],
  columns: [nameColumn, column('Ready', ready), ageColumn, ...workloadWide.slice(0, 2)],
};

const daemonSet: Kind = {
  ...apps,
  kind: 'DaemonSet',
  resource: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  subresources: ['status'],
  defaults(object) {
    const spec = below(object, 'spec');
    defaultPodTemplate(below(spec, 'template'));
    defaulted(spec, { revisionHistoryLimit: 10 });
    const strategy = below(spec, 'updateStrategy');
    defaulted(strategy, { type: 'RollingUpdate' });
    if (strategy['type'] === 'RollingUpdate')
      defaulted(below(strategy, 'rollingUpdate'), { maxUnavailable: 1, maxSurge: 0 });
  },
  validateUpdate: (object, old) => fixed(object, old, 'selector'),
  columns: [
    nameColumn,
    count('Desired', 'status.desiredNumberScheduled'),
    count('Current', 'status.currentNumberScheduled'),
    count('Ready', 'status.numberReady'),
    count('Up-to-date', 'status.updatedNumberScheduled'),
    count('Available', 'status.numberAvailable'),
    column('Node Selector', (object) => {
      const wanted = Object.entries(fieldsOf(at(object, 'spec.template.spec.nodeSelector')));
      return wanted.map(([key, value]) => `${key}=${textOf(value)}`).join(',') || '<none>';
    }),
    ageColumn,
    ...workloadWide,
  ],
};

const controllerRevision: Kind = {
  ...apps,
  kind: 'ControllerRevision',
  resource: 'controllerrevisions',
  singular: 'controllerrevision',
  categories: [],
  generation: false,
  shape: {},
  validate: () => [],
  columns: [nameColumn, count('Revision', 'revision'), ageColumn],
};

export const appsKinds: readonly Kind[] = [
  controllerRevision,
  daemonSet,
  deployment,
  replicaSet,
  statefulSet,
];
