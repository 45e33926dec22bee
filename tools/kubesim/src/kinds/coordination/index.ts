import { ageColumn, nameColumn, text } from '../columns.ts';
import type { Kind } from '../kind.ts';

export const coordinationKinds: readonly Kind[] = [
  {
    group: 'coordination.k8s.io',
    version: 'v1',
    kind: 'Lease',
    resource: 'leases',
    singular: 'lease',
    namespaced: true,
    columns: [nameColumn, text('Holder', 'spec.holderIdentity', ''), ageColumn],
  },
];
