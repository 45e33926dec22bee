import type { Fields, KubeObject } from '../../objects/object.ts';
import { fieldsOf, listOf, same, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, nameColumn, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted } from '../kind.ts';
import { defaultPodSpec } from '../pod-spec.ts';
import { podShape } from '../shapes.ts';
import { validatePodSpec } from '../validation.ts';

const statuses = (pod: KubeObject): Fields[] => listOf(at(pod, 'status.containerStatuses')).map(fieldsOf);

/** The STATUS column, as `kubectl get pods` words it. */
export function podStatusText(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp) return 'Terminating';
  for (const status of statuses(pod).toReversed()) {
    const waiting = textOf(at(status, 'state.waiting.reason'));
    if (waiting) return waiting;
    const ended = textOf(at(status, 'state.terminated.reason'));
    if (ended && at(pod, 'status.phase') !== 'Running') return ended;
  }
  return textOf(at(pod, 'status.reason')) || textOf(at(pod, 'status.phase'));
}

function qosClass(spec: Fields): string {
  const all = listOf(spec['containers']).map((container) => fieldsOf(fieldsOf(container)['resources']));
  if (
    all.every(
      (r) => !Object.keys(fieldsOf(r['requests'])).length && !Object.keys(fieldsOf(r['limits'])).length,
    )
  ) {
    return 'BestEffort';
  }
  const guaranteed = all.every((resources) => {
    const limits = fieldsOf(resources['limits']);
    return (
      limits['cpu'] !== undefined && limits['memory'] !== undefined && same(limits, resources['requests'])
    );
  });
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

const containersReady = (pod: KubeObject): string => {
  const ready = statuses(pod).filter((status) => status['ready'] === true).length;
  return `${ready}/${listOf(at(pod, 'spec.containers')).length}`;
};

const restarts = (pod: KubeObject): number =>
  statuses(pod).reduce((sum, status) => sum + Number(status['restartCount'] ?? 0), 0);

export const pod: Kind = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
  singular: 'pod',
  namespaced: true,
  shortNames: ['po'],
  categories: ['all'],
  subresources: ['status', 'log', 'eviction'],
  generation: true,
  shape: podShape,
  defaults(object) {
    const spec = below(object, 'spec');
    defaultPodSpec(spec);
    defaulted(spec, { enableServiceLinks: true, preemptionPolicy: 'PreemptLowerPriority', priority: 0 });
  },
  prepare(object) {
    const spec = below(object, 'spec');
    defaulted(spec, { serviceAccountName: 'default' });
    spec['serviceAccount'] = spec['serviceAccountName'];
    defaulted(spec, {
      tolerations: ['not-ready', 'unreachable'].map((condition) => ({
        key: `node.kubernetes.io/${condition}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
    });
    object['status'] = { phase: 'Pending', qosClass: qosClass(spec) };
  },
  validate: (object) => validatePodSpec(fieldsOf(object['spec']), 'spec'),
  validateUpdate(object, old) {
    const allowed = (spec: Fields): Fields => ({
      ...spec,
      containers: listOf(spec['containers']).map((item) => ({ ...fieldsOf(item), image: '' })),
      initContainers: listOf(spec['initContainers']).map((item) => ({ ...fieldsOf(item), image: '' })),
      activeDeadlineSeconds: 0,
      tolerations: [],
      terminationGracePeriodSeconds: 0,
      nodeName: '',
    });
    return same(allowed(fieldsOf(object['spec'])), allowed(fieldsOf(old['spec'])))
      ? []
      : [
          {
            reason: 'FieldValueForbidden',
            message:
              'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
            field: 'spec',
          },
        ];
  },
  selectable: (object) => ({
    'status.phase': textOf(at(object, 'status.phase')),
    'spec.nodeName': textOf(at(object, 'spec.nodeName')),
    'spec.restartPolicy': textOf(at(object, 'spec.restartPolicy')),
    'spec.serviceAccountName': textOf(at(object, 'spec.serviceAccountName')),
    'status.podIP': textOf(at(object, 'status.podIP')),
  }),
  columns: [
    nameColumn,
    column('Ready', containersReady),
    column('Status', podStatusText),
    column('Restarts', restarts),
    ageColumn,
    text('IP', 'status.podIP', '<none>', 1),
    text('Node', 'spec.nodeName', '<none>', 1),
    text('Nominated Node', 'status.nominatedNodeName', '<none>', 1),
    column('Readiness Gates', () => '<none>', 1),
  ],
};
