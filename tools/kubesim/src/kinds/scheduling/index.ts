import { textOf } from '../../objects/object.ts';
import { ageColumn, column, count, nameColumn, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { defaulted } from '../kind.ts';

export const schedulingKinds: readonly Kind[] = [
  {
    group: 'scheduling.k8s.io',
    version: 'v1',
    kind: 'PriorityClass',
    resource: 'priorityclasses',
    singular: 'priorityclass',
    namespaced: false,
    shortNames: ['pc'],
    generation: true,
    defaults: (object) => void defaulted(object, { preemptionPolicy: 'PreemptLowerPriority' }),
    columns: [
      nameColumn,
      count('Value', 'value'),
      column('Global-Default', (object) => textOf(object['globalDefault']) || 'false'),
      ageColumn,
      text('PreemptionPolicy', 'preemptionPolicy'),
    ],
  },
];
