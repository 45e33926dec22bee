import { listOf, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, count, nameColumn } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted } from '../kind.ts';
import { withConditions } from '../shapes.ts';

export const autoscalingKinds: readonly Kind[] = [
  {
    group: 'autoscaling',
    version: 'v2',
    kind: 'HorizontalPodAutoscaler',
    resource: 'horizontalpodautoscalers',
    singular: 'horizontalpodautoscaler',
    namespaced: true,
    shortNames: ['hpa'],
    categories: ['all'],
    subresources: ['status'],
    shape: withConditions,
    defaults: (object) => void defaulted(below(object, 'spec'), { minReplicas: 1 }),
    prepare: (object) => void (object['status'] = { desiredReplicas: 0, currentMetrics: null }),
    columns: [
      nameColumn,
      column(
        'Reference',
        (o) => `${textOf(at(o, 'spec.scaleTargetRef.kind'))}/${textOf(at(o, 'spec.scaleTargetRef.name'))}`,
      ),
      column('Targets', (object) => (listOf(at(object, 'spec.metrics')).length > 0 ? '<unknown>' : '<none>')),
      column('MinPods', (object) => textOf(at(object, 'spec.minReplicas'))),
      count('MaxPods', 'spec.maxReplicas'),
      count('Replicas', 'status.currentReplicas'),
      ageColumn,
    ],
  },
];
