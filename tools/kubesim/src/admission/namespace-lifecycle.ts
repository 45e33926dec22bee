import { targetOf } from '../api/write.ts';
import { notFound, StatusError } from '../objects/status-error.ts';
import type { Admission } from './admission.ts';

export const namespaceExists: Admission = ({ cluster, kind, operation, object }) => {
  if (!kind.namespaced || operation !== 'CREATE' || kind.answers) return;
  const name = object.metadata.namespace ?? '';
  const namespace = cluster.store.get('namespaces', '', name);
  if (!namespace) throw notFound({ group: '', resource: 'namespaces', kind: 'Namespace', name });
  if (!namespace.deleting) return;
  const target = targetOf(kind, object.metadata.name);
  const full = kind.group ? `${kind.resource}.${kind.group}` : kind.resource;
  throw new StatusError(
    403,
    'Forbidden',
    `${full} "${target.name}" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
    {
      name: target.name,
      ...(kind.group ? { group: kind.group } : {}),
      kind: kind.resource,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${name} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  );
};
