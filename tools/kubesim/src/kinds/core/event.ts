import { textOf } from '../../objects/object.ts';
import { at, column, humanAge, text } from '../columns.ts';
import type { Kind } from '../kind.ts';

export const event: Kind = {
  group: '',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  singular: 'event',
  namespaced: true,
  shortNames: ['ev'],
  selectable: (object) => ({
    ...Object.fromEntries(
      ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => [
        `involvedObject.${field}`,
        textOf(at(object, `involvedObject.${field}`)),
      ]),
    ),
    reason: textOf(object['reason']),
    type: textOf(object['type']),
    source: textOf(at(object, 'source.component')),
    reportingComponent: textOf(object['reportingComponent']),
  }),
  columns: [
    column('Last Seen', (object, now) => {
      const last = textOf(object['lastTimestamp']) || textOf(object['eventTime']);
      return humanAge(last || object.metadata.creationTimestamp, now);
    }),
    text('Type', 'type'),
    text('Reason', 'reason'),
    column(
      'Object',
      (o) => `${textOf(at(o, 'involvedObject.kind')).toLowerCase()}/${textOf(at(o, 'involvedObject.name'))}`,
    ),
    column('Message', (object) => textOf(object['message']).trim()),
  ],
};
