import { fieldsOf, listOf, textOf } from '../../objects/object.ts';
import { nameColumn, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted } from '../kind.ts';
import { withConditions } from '../shapes.ts';

export const apiExtensionsKinds: readonly Kind[] = [
  {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    resource: 'customresourcedefinitions',
    singular: 'customresourcedefinition',
    namespaced: false,
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    subresources: ['status'],
    generation: true,
    shape: withConditions,
    defaults(object) {
      const spec = below(object, 'spec');
      defaulted(spec, { conversion: { strategy: 'None' } });
      const names = below(spec, 'names');
      const kind = textOf(names['kind']);
      defaulted(names, { singular: kind.toLowerCase(), listKind: `${kind}List` });
    },
    validate(object) {
      const spec = fieldsOf(object['spec']);
      const wanted = `${textOf(fieldsOf(spec['names'])['plural'])}.${textOf(spec['group'])}`;
      if (object.metadata.name !== wanted) {
        return [
          {
            reason: 'FieldValueInvalid',
            message: `Invalid value: ${JSON.stringify(object.metadata.name)}: must be spec.names.plural+"."+spec.group`,
            field: 'metadata.name',
          },
        ];
      }
      const stored = listOf(spec['versions']).filter((version) => fieldsOf(version)['storage'] === true);
      return stored.length === 1
        ? []
        : [
            {
              reason: 'FieldValueInvalid',
              message: 'Invalid value: must have exactly one version marked as storage version',
              field: 'spec.versions',
            },
          ];
    },
    columns: [nameColumn, text('Created At', 'metadata.creationTimestamp')],
  },
];
