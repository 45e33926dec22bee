import { textOf } from '../../objects/object.ts';
import { ageColumn, at, nameColumn, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted } from '../kind.ts';
import { withConditions } from '../shapes.ts';

export const namespace: Kind = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  singular: 'namespace',
  namespaced: false,
  shortNames: ['ns'],
  subresources: ['status', 'finalize'],
  shape: withConditions,
  defaults(object) {
    object.metadata.labels = {
      ...object.metadata.labels,
      'kubernetes.io/metadata.name': object.metadata.name,
    };
    defaulted(below(object, 'spec'), {});
  },
  prepare(object) {
    const spec = below(object, 'spec');
    spec['finalizers'] = ['kubernetes'];
    object['status'] = { phase: 'Active' };
  },
  selectable: (object) => ({ 'status.phase': textOf(at(object, 'status.phase')) }),
  columns: [nameColumn, text('Status', 'status.phase'), ageColumn],
};
