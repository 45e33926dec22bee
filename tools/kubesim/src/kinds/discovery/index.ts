import { fieldsOf, listOf, textOf } from '../../objects/object.ts';
import { ageColumn, column, nameColumn, text } from '../columns.ts';
import type { Kind } from '../kind.ts';

export const discoveryKinds: readonly Kind[] = [
  {
    group: 'discovery.k8s.io',
    version: 'v1',
    kind: 'EndpointSlice',
    resource: 'endpointslices',
    singular: 'endpointslice',
    namespaced: true,
    generation: true,
    shape: { fields: { ports: { atomic: true }, endpoints: { atomic: true } } },
    columns: [
      nameColumn,
      text('AddressType', 'addressType'),
      column(
        'Ports',
        (o) =>
          listOf(o['ports'])
            .map((port) => textOf(fieldsOf(port)['port']))
            .join(',') || '<unset>',
      ),
      column('Endpoints', (object) => {
        const addresses = listOf(object['endpoints']).flatMap((item) =>
          listOf(fieldsOf(item)['addresses']).map(textOf),
        );
        return addresses.slice(0, 3).join(',') || '<unset>';
      }),
      ageColumn,
    ],
  },
];
