import { fieldsOf, listOf, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, nameColumn } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { withConditions } from '../shapes.ts';

/** Aggregated APIs are stored; none is ever forwarded to, so one with a service stays unavailable. */
export const apiRegistrationKinds: readonly Kind[] = [
  {
    group: 'apiregistration.k8s.io',
    version: 'v1',
    kind: 'APIService',
    resource: 'apiservices',
    singular: 'apiservice',
    namespaced: false,
    categories: ['api-extensions'],
    subresources: ['status'],
    shape: withConditions,
    prepare(object) {
      const local = at(object, 'spec.service') === undefined;
      object['status'] = {
        conditions: [
          {
            type: 'Available',
            status: local ? 'True' : 'False',
            reason: local ? 'Local' : 'ServiceNotFound',
            message: local
              ? 'Local APIServices are always available'
              : 'kubesim forwards to no aggregated API',
            lastTransitionTime: object.metadata.creationTimestamp,
          },
        ],
      };
    },
    columns: [
      nameColumn,
      column('Service', (object) => {
        const service = fieldsOf(at(object, 'spec.service'));
        return service['name'] ? `${textOf(service['namespace'])}/${textOf(service['name'])}` : 'Local';
      }),
      column(
        'Available',
        (object) => textOf(fieldsOf(listOf(at(object, 'status.conditions'))[0])['status']) || 'Unknown',
      ),
      ageColumn,
    ],
  },
];
