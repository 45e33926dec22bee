import { textOf } from '../../objects/object.ts';
import { ageColumn, at, column, count, nameColumn } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { disruptionBudgetShape } from '../shapes.ts';

export const policyKinds: readonly Kind[] = [
  {
    group: 'policy',
    version: 'v1',
    kind: 'PodDisruptionBudget',
    resource: 'poddisruptionbudgets',
    singular: 'poddisruptionbudget',
    namespaced: true,
    shortNames: ['pdb'],
    subresources: ['status'],
    generation: true,
    shape: disruptionBudgetShape,
    columns: [
      nameColumn,
      column('Min Available', (object) => textOf(at(object, 'spec.minAvailable')) || 'N/A'),
      column('Max Unavailable', (object) => textOf(at(object, 'spec.maxUnavailable')) || 'N/A'),
      count('Allowed Disruptions', 'status.disruptionsAllowed'),
      ageColumn,
    ],
  },
];
